//! The `docker` command and containers. A failed command panics with its output.

use std::io::{Read as _, Seek as _, Write as _};
use std::net::SocketAddr;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

/// Serializes tests that measure times.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints a measured figure, also when the test passes.
pub(crate) fn figure(text: &str) {
    // One write, so that lines of parallel tests are not mixed.
    let _ = std::io::stderr().write_all(format!("figure: {text}\n").as_bytes());
}

/// Returns the trimmed output of `docker`.
pub(crate) fn docker(arguments: &[&str]) -> String {
    output_of(Command::new("docker").args(arguments))
}

/// Returns the trimmed output of `command`.
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

/// Runs a command that may fail, with a timeout of 15 minutes: a busy machine installs Debian packages slowly.
pub(crate) fn run(command: &mut Command) -> Output {
    // Files, since pipes would have to be read meanwhile.
    let files = [tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()];
    let [out, err] = files.each_ref().map(|file| file.try_clone().unwrap());
    let mut child = command
        .stdout(out)
        .stderr(err)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let deadline = Instant::now() + Duration::from_mins(15);
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
            "{command:?} timed out; output so far:\n{}",
            String::from_utf8_lossy(&[stdout, stderr].concat())
        );
    };
    Output {
        status,
        stdout,
        stderr,
    }
}

/// Polls `condition` until it returns a value, or panics after `timeout`.
pub(crate) fn wait_for<T>(what: &str, timeout: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "timeout after {timeout:?} waiting for {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the output of `docker image inspect`.
pub(crate) fn inspect_image(image: &str) -> Value {
    let output = run(Command::new("docker").args(["image", "inspect", image]));
    assert!(
        output.status.success(),
        "no image {image}: run `docker compose build`"
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

    /// Returns ID and start time, which identify a run.
    pub(crate) fn identity(&self) -> (String, SystemTime) {
        let inventory = self.inspect();
        (text(&inventory["Id"]), time(&inventory["State"]["StartedAt"]))
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

    pub(crate) fn wait_until_healthy(&self, timeout: Duration) {
        wait_for(&format!("{} to be healthy", self.0), timeout, || {
            (self.health() == "healthy").then_some(())
        });
    }

    pub(crate) fn is_running(&self) -> bool {
        self.inspect()["State"]["Running"] == true
    }

    pub(crate) fn exit_code(&self) -> i64 {
        self.inspect()["State"]["ExitCode"].as_i64().unwrap()
    }

    /// Returns the address on the first network.
    pub(crate) fn address(&self) -> String {
        let inventory = self.inspect();
        let networks = inventory["NetworkSettings"]["Networks"].as_object().unwrap();
        text(&networks.values().next().unwrap()["IPAddress"])
    }

    /// Returns the published address of `port`.
    pub(crate) fn published(&self, port: u16) -> SocketAddr {
        let ports = docker(&["port", &self.0, &port.to_string()]);
        ports.lines().next().unwrap().parse().unwrap()
    }

    /// Returns the log of both streams with timestamps.
    pub(crate) fn log(&self) -> String {
        let output = run(Command::new("docker").args(["logs", "--timestamps", &self.0]));
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        format!("{out}{err}")
    }

    /// Returns the resident memory of its process in MiB, if readable.
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

/// A container that is removed when dropped.
#[derive(Debug)]
pub(crate) struct Own(Container);

impl Own {
    /// Creates a container without starting it: `docker create --name NAME ARGUMENTS…`
    pub(crate) fn create(name: &str, arguments: &[&str]) -> Self {
        docker(&[&["create", "--name", name], arguments].concat());
        Self(Container(name.to_owned()))
    }

    /// Creates and starts a container.
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

/// Prints the end of a container's log, for failed tests.
pub(crate) fn tell_log(container: &Container) {
    let log = container.log();
    let lines: Vec<_> = log.lines().collect();
    let end = lines[lines.len().saturating_sub(25)..].join("\n  ");
    let _ = std::io::stderr().write_all(format!("log of {}:\n  {end}\n", container.0).as_bytes());
}

/// Returns a name that is unique to this test run.
pub(crate) fn own_name(label: &str) -> String {
    format!("penguin-test-{label}-{}", std::process::id())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn time(value: &Value) -> SystemTime {
    humantime::parse_rfc3339(&text(value)).unwrap()
}
