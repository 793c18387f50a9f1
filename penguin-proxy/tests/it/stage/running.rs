//! The program in a process of its own; in a network of its own, where a test has one.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use fs_err::OpenOptions;
use fs_err::os::unix::fs::OpenOptionsExt;
use serde_json::Value;

use super::network::Network;
use super::{App, Client, Log, PATIENCE, metric};

/// Names another build of the program, such as the one that is shipped.
const OTHER_BUILD: &str = "PENGUIN_PROXY_BIN";

/// The program that was built with the tests, or the one that the environment names.
fn program() -> OsString {
    other_build().unwrap_or_else(|| env!("CARGO_BIN_EXE_penguin-proxy").into())
}

/// The build that the environment names.
pub(super) fn other_build() -> Option<OsString> {
    env::var_os(OTHER_BUILD)
}

/// One run of a verb and its flags to its end.
pub(crate) fn run(command: &str, settings: &[(&str, &str)]) -> Output {
    prepared(Command::new(program()).args(command.split(' ')), settings)
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
    pub(crate) admin: SocketAddr,
    said: Arc<Mutex<String>>,
}

impl Running {
    /// In front of an app, on loopback.
    pub(crate) fn start(app: &App, settings: &[(&str, &str)]) -> Self {
        Self::before(app, Command::new(program()).arg("serve"), settings)
    }

    /// With so many descriptors at most.
    pub(crate) fn confined(app: &App, descriptors: usize, settings: &[(&str, &str)]) -> Self {
        let limit = format!("--nofile={descriptors}");
        let mut command = Command::new("prlimit");
        Self::before(app, command.arg(limit).arg(program()).arg("serve"), settings)
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
        Self::launch(network.command().arg(program()).arg("serve"), &all)
    }

    /// With these settings and no others.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        Self::launch(Command::new(program()).arg("serve"), settings)
    }

    /// With both outputs going into full pipes as soon as it listens.
    pub(crate) fn unread(settings: &[(&str, &str)]) -> (Self, UnreadOutputs) {
        let (output, output_end) = std::io::pipe().unwrap();
        let (errors, errors_end) = std::io::pipe().unwrap();
        let outputs = [output_end.try_clone().unwrap(), errors_end.try_clone().unwrap()];
        let mut command = Command::new(program());
        command.arg("serve").env_clear().envs(settings.iter().copied());
        let child = command.stdout(output_end).stderr(errors_end).spawn().unwrap();
        drop(command);
        let mut errors = BufReader::new(errors);
        let said = Arc::default();
        let (address, admin) = listening(&mut errors, &said);
        outputs.iter().for_each(fill);
        let running = Self {
            child,
            address,
            admin,
            said,
        };
        let outputs = UnreadOutputs {
            _output: output,
            _errors: errors,
        };
        (running, outputs)
    }

    fn launch(command: &mut Command, settings: &[(&str, &str)]) -> Self {
        let mut all = vec![("PROXY_LOG_FORMAT", "json"), ("PROXY_PRE_DRAIN", "0s")];
        all.extend_from_slice(settings);
        let mut child = prepared(command, &all).spawn().unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let said = Arc::default();
        let (address, admin) = listening(&mut errors, &said);
        let book = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                book.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Self {
            child,
            address,
            admin,
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

/// Reads the operational log until the proxy listens. Gives the addresses of both ports.
fn listening(errors: &mut impl BufRead, said: &Mutex<String>) -> (SocketAddr, SocketAddr) {
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
    (address("address"), address("admin"))
}

/// The ends of two full pipes that nobody reads from.
pub(crate) struct UnreadOutputs {
    _output: PipeReader,
    _errors: BufReader<PipeReader>,
}

/// Fills a pipe to its last byte. The description that is opened for that is the test's own: the program's stays a
/// blocking one.
fn fill(pipe: &PipeWriter) {
    const O_NONBLOCK: i32 = 0o4000;
    let own = format!("/proc/self/fd/{}", pipe.as_raw_fd());
    let mut own = OpenOptions::new()
        .write(true)
        .custom_flags(O_NONBLOCK)
        .open(own)
        .unwrap();
    for piece in [4096, 1] {
        while own.write(&b"\n".repeat(piece)).is_ok() {}
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
