//! `HAProxy` as a mock load balancer: keep-alive to the tasks, an idle timeout of one minute, no retries that would hide a
//! lost request. It has no health checks; tests register and drain tasks.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use infra::service::LOAD_BALANCER_IDLE_TIMEOUT;
use tempfile::TempDir;

use crate::docker::wait_for;
use crate::vacant::vacant;

/// Maximum number of tasks.
const PLACES: usize = 9;

/// Log file, shown when a test fails.
const SAID: &str = "haproxy.log";

/// A running `HAProxy`.
#[derive(Debug)]
pub(crate) struct Balancer {
    pub(crate) address: SocketAddr,
    process: Child,
    folder: TempDir,
    used: std::cell::Cell<usize>,
}

/// Number of a server slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(usize);

impl Balancer {
    /// Starts without tasks.
    pub(crate) fn start() -> Self {
        let address = vacant();
        let folder = TempDir::new().unwrap();
        let idle = format!("{}s", LOAD_BALANCER_IDLE_TIMEOUT.as_secs());
        let socket = folder.path().join("haproxy.socket");
        let settings = format!(
            "global\n    stats socket {socket} mode 600 level admin\n\
             defaults\n    mode http\n    timeout connect 2s\n    timeout client {idle}\n    timeout server {idle}\n    \
             timeout http-keep-alive {idle}\n    retries 0\n\
             listen site\n    bind {address}\n    balance roundrobin\n    http-reuse always\n    \
             server-template place {PLACES} 127.0.0.1:1 disabled pool-purge-delay {idle}\n",
            socket = socket.display(),
        );
        let file = folder.path().join("haproxy.cfg");
        fs_err::write(&file, settings).unwrap();
        let process = Command::new("haproxy")
            .arg("-db")
            .arg("-f")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(
                fs_err::File::create(folder.path().join(SAID))
                    .unwrap()
                    .into_file(),
            )
            .spawn()
            .unwrap_or_else(|error| {
                panic!("cannot start HAProxy: {error}; hint: `.ci/test containers` installs it")
            });
        let balancer = Self {
            address,
            process,
            folder,
            used: std::cell::Cell::new(0),
        };
        wait_for("HAProxy to listen", Duration::from_secs(20), || {
            UnixStream::connect(balancer.socket()).ok()
        });
        balancer
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("haproxy.socket")
    }

    /// Adds a task.
    pub(crate) fn register(&self, task: SocketAddr) -> Place {
        let place = Place(self.used.get() + 1);
        assert!(place.0 <= PLACES, "more than {PLACES} tasks");
        self.used.set(place.0);
        let reply = self.command(&format!(
            "set server site/place{} addr {} port {}",
            place.0,
            task.ip(),
            task.port()
        ));
        assert!(reply.contains("changed from"), "HAProxy says: {reply}");
        self.set(place, "ready");
        place
    }

    /// Stops sending new requests to a task; idle connections stay open.
    pub(crate) fn drain(&self, place: Place) {
        self.set(place, "drain");
    }

    fn set(&self, Place(number): Place, state: &str) {
        let reply = self.command(&format!("set server site/place{number} state {state}"));
        assert_eq!(reply.trim(), "", "HAProxy response");
    }

    /// Sends one command to the admin socket and returns the response.
    fn command(&self, command: &str) -> String {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        writeln!(stream, "{command}").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
        if std::thread::panicking() {
            let said = fs_err::read_to_string(self.folder.path().join(SAID)).unwrap_or_default();
            let _ = std::io::stderr().write_all(format!("HAProxy log:\n{said}").as_bytes());
        }
    }
}
