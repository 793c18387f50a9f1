//! The `docker` command, and what it knows of a container.
//!
//! A command that fails ends the test with what the command said. It must not know what the containers are for.

use std::io::{Read as _, Seek as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

/// The tests of containers run one at a time: they measure times, on machines with two cores.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shows a measured figure, also when the test passes: the test runner keeps back what `println!` writes.
pub(crate) fn figure(text: &str) {
    // One write, so that the lines of tests that run side by side stay whole.
    let _ = std::io::stderr().write_all(format!("figure: {text}\n").as_bytes());
}

/// What `docker` prints, trimmed.
pub(crate) fn docker(arguments: &[&str]) -> String {
    output_of(Command::new("docker").args(arguments))
}

/// What `command` prints, trimmed.
pub(crate) fn output_of(command: &mut Command) -> String {
    let output = run(command);
    assert!(
        output.status.success(),
        "{command:?} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The same for commands that may fail. One that does not end within two minutes is ended, and the test with it.
pub(crate) fn run(command: &mut Command) -> Output {
    // Files, not pipes: nobody has to read them while the command runs.
    let files = [tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()];
    let [out, err] = files.each_ref().map(|file| file.try_clone().unwrap());
    let mut child = command
        .stdout(out)
        .stderr(err)
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} could not be started: {error}"));
    let deadline = Instant::now() + Duration::from_mins(2);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let [stdout, stderr] = files.map(|mut file| {
        let mut text = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut text).unwrap();
        text
    });
    let Some(status) = status else {
        panic!(
            "{command:?} does not end; so far it said:\n{}",
            String::from_utf8_lossy(&[stdout, stderr].concat())
        );
    };
    Output {
        status,
        stdout,
        stderr,
    }
}

/// Asks `condition` again and again until it gives something, for at most `patience`.
pub(crate) fn wait_for<T>(what: &str, patience: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "waited {patience:?} in vain for {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An image by its name, as `docker image inspect` shows it.
pub(crate) fn inspect_image(image: &str) -> Value {
    let output = run(Command::new("docker").args(["image", "inspect", image]));
    assert!(
        output.status.success(),
        "there is no image {image}: build it first, with `docker compose build`"
    );
    let parsed: Value = serde_json::from_slice(&output.stdout).unwrap();
    parsed[0].clone()
}

/// A container, by name or id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Container(pub(crate) String);

impl Container {
    pub(crate) fn inspect(&self) -> Value {
        let parsed: Value = serde_json::from_str(&docker(&["container", "inspect", &self.0])).unwrap();
        parsed[0].clone()
    }

    /// Its id and when it was started: the same two, the same run.
    pub(crate) fn identity(&self) -> (String, SystemTime) {
        let facts = self.inspect();
        (text(&facts["Id"]), time(&facts["State"]["StartedAt"]))
    }

    pub(crate) fn started(&self) -> SystemTime {
        time(&self.inspect()["State"]["StartedAt"])
    }

    pub(crate) fn finished(&self) -> SystemTime {
        time(&self.inspect()["State"]["FinishedAt"])
    }

    /// `starting`, `healthy` or `unhealthy`.
    pub(crate) fn health(&self) -> String {
        text(&self.inspect()["State"]["Health"]["Status"])
    }

    pub(crate) fn wait_until_healthy(&self, patience: Duration) {
        wait_for(&format!("{} to be healthy", self.0), patience, || {
            (self.health() == "healthy").then_some(())
        });
    }

    pub(crate) fn is_running(&self) -> bool {
        self.inspect()["State"]["Running"] == true
    }

    pub(crate) fn exit_code(&self) -> i64 {
        self.inspect()["State"]["ExitCode"].as_i64().unwrap()
    }

    /// Its address on its first network.
    pub(crate) fn address(&self) -> String {
        let facts = self.inspect();
        let networks = facts["NetworkSettings"]["Networks"].as_object().unwrap();
        text(&networks.values().next().unwrap()["IPAddress"])
    }

    /// Where this machine reaches its `port`.
    pub(crate) fn published(&self, port: u16) -> SocketAddr {
        let ports = docker(&["port", &self.0, &port.to_string()]);
        ports.lines().next().unwrap().parse().unwrap()
    }

    /// Its log, both streams, each line after the time at which the engine received it.
    pub(crate) fn log(&self) -> String {
        let output = run(Command::new("docker").args(["logs", "--timestamps", &self.0]));
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        format!("{out}{err}")
    }

    /// Resident memory of its one process in MiB, where this machine lets it be seen.
    pub(crate) fn resident_mib(&self) -> Option<f64> {
        let pid = self.inspect()["State"]["Pid"].as_u64()?;
        let status = fs_err::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let kib: u32 = status.lines().find_map(|line| {
            let value = line.strip_prefix("VmRSS:")?.trim();
            value.strip_suffix(" kB")?.parse().ok()
        })?;
        Some(f64::from(kib) / 1024.0)
    }
}

/// A container that ends with the test, however the test ends.
#[derive(Debug)]
pub(crate) struct Own(Container);

impl Own {
    /// A new container, not started: `docker create --name NAME ARGUMENTS…`
    pub(crate) fn create(name: &str, arguments: &[&str]) -> Self {
        docker(&[&["create", "--name", name], arguments].concat());
        Self(Container(name.to_owned()))
    }

    /// The same, started.
    pub(crate) fn run(name: &str, arguments: &[&str]) -> Self {
        let own = Self::create(name, arguments);
        docker(&["start", name]);
        own
    }
}

impl std::ops::Deref for Own {
    type Target = Container;

    fn deref(&self) -> &Container {
        &self.0
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tell_log(&self.0);
        }
        run(Command::new("docker").args(["rm", "--force", "--volumes", &self.0.0]));
    }
}

/// The end of a container's log, for whoever reads of a failed test.
pub(crate) fn tell_log(container: &Container) {
    let log = container.log();
    let lines: Vec<_> = log.lines().collect();
    let end = lines[lines.len().saturating_sub(25)..].join("\n  ");
    let _ = std::io::stderr().write_all(format!("log of {}:\n  {end}\n", container.0).as_bytes());
}

/// A port that is free now. Another program could take it before it is used: possible, and not seen yet.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A name that no other run of these tests uses.
pub(crate) fn own_name(label: &str) -> String {
    format!("penguin-test-{label}-{}", std::process::id())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn time(value: &Value) -> SystemTime {
    humantime::parse_rfc3339(&text(value)).unwrap()
}
