//! The program in a process of its own; in a network of its own, where a test has one.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::Value;

use super::network::Network;
use super::{App, Client, Log, PATIENCE, metric};

const PROGRAM: &str = env!("CARGO_BIN_EXE_penguin-proxy");

/// One run of a verb to its end.
pub(crate) fn run(verb: &str, settings: &[(&str, &str)]) -> Output {
    prepared(Command::new(PROGRAM).arg(verb), settings)
        .output()
        .unwrap()
}

fn prepared<'a>(command: &'a mut Command, settings: &[(&str, &str)]) -> &'a mut Command {
    command.env_clear().envs(settings.iter().copied());
    command.stdout(Stdio::piped()).stderr(Stdio::piped())
}

/// A proxy in a process of its own.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    admin: SocketAddr,
    said: Arc<Mutex<String>>,
}

impl Running {
    /// In front of an app, on loopback.
    pub(crate) fn start(app: &App, settings: &[(&str, &str)]) -> Self {
        Self::before(app, Command::new(PROGRAM).arg("serve"), settings)
    }

    /// With so many descriptors at most.
    pub(crate) fn confined(app: &App, descriptors: usize, settings: &[(&str, &str)]) -> Self {
        let limit = format!("--nofile={descriptors}");
        let mut command = Command::new("prlimit");
        Self::before(app, command.args([&limit, PROGRAM, "serve"]), settings)
    }

    fn before(app: &App, command: &mut Command, settings: &[(&str, &str)]) -> Self {
        let upstream = app.address.to_string();
        let mut all = vec![
            ("PROXY_UPSTREAM", upstream.as_str()),
            ("PROXY_LISTEN", "127.0.0.1:0"),
            ("PROXY_ADMIN_LISTEN", "127.0.0.1:0"),
        ];
        all.extend_from_slice(settings);
        Self::launch(command, &all)
    }

    /// In a network of its own.
    pub(crate) fn inside(network: &Network, settings: &[(&str, &str)]) -> Self {
        let listen = format!("{}:0", network.inside());
        let mut all = vec![
            ("PROXY_LISTEN", listen.as_str()),
            ("PROXY_ADMIN_LISTEN", listen.as_str()),
        ];
        all.extend_from_slice(settings);
        Self::launch(network.command().args([PROGRAM, "serve"]), &all)
    }

    fn launch(command: &mut Command, settings: &[(&str, &str)]) -> Self {
        let mut all = vec![("PROXY_LOG_FORMAT", "json"), ("PROXY_PRE_DRAIN", "0s")];
        all.extend_from_slice(settings);
        let mut child = prepared(command, &all).spawn().unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let said = Arc::new(Mutex::new(String::new()));
        let mut line = String::new();
        while !line.contains("\"listening\"") {
            line.clear();
            assert!(
                errors.read_line(&mut line).unwrap() > 0,
                "no ready line: {}",
                said.lock().unwrap()
            );
            said.lock().unwrap().push_str(&line);
        }
        let ready: Value = serde_json::from_str(&line).unwrap();
        let address = |field: &str| ready[field].as_str().unwrap().parse().unwrap();
        // Somebody must go on reading, or the proxy would wait for room in the pipe.
        let book = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                book.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Self {
            child,
            address: address("address"),
            admin: address("admin"),
            said,
        }
    }

    /// Its operational log so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Its access log, from here on read by somebody.
    pub(crate) fn log(&mut self) -> Log {
        let log = Log::default();
        let (mut output, mut book) = (self.child.stdout.take().unwrap(), log.clone());
        std::thread::spawn(move || std::io::copy(&mut output, &mut book));
        log
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// The value of a number at `/metrics`.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        metric(self.admin, name)
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most resident memory that it ever had, in KiB.
    pub(crate) fn most_resident(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = fs_err::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Open descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        fs_err::read_dir(format!("/proc/{}/fd", self.child.id()))
            .unwrap()
            .count()
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "it does not stop");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the proxy said:\n{}", self.said());
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
