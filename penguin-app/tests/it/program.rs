//! The real program, started and stopped as an operator would.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// Names another build of the program, such as the release build.
const OTHER_BUILD: &str = "PENGUIN_APP_BIN";

/// The program that was built with the tests, or the one that the environment names.
pub(crate) fn program() -> OsString {
    env::var_os(OTHER_BUILD).unwrap_or_else(|| env!("CARGO_BIN_EXE_penguin-app").into())
}

/// `penguin-app` with nothing in its environment but what the test puts there.
pub(crate) fn command(subcommand: &str, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program());
    command
        .arg(subcommand)
        .env_clear()
        .envs(settings.iter().copied())
        .stdin(Stdio::null());
    command
}

/// What a run to the end printed, and its exit status.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn run(subcommand: &str, settings: &[(&str, &str)]) -> Ended {
    let output = command(subcommand, settings).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A program that serves.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    pub(crate) address: SocketAddr,
    /// What was logged until it listened.
    pub(crate) log: String,
}

impl Program {
    /// Starts it on a free port of loopback and waits until it says that it listens.
    pub(crate) fn serve(settings: &[(&str, &str)]) -> Self {
        let mut child = command("serve", &[("APP_LISTEN", "127.0.0.1:0")])
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut log = String::new();
        let address = loop {
            let start = log.len();
            assert!(stdout.read_line(&mut log).unwrap() > 0, "it ended: {log}");
            let line: serde_json::Value = serde_json::from_str(&log[start..]).unwrap();
            if line["message"] == "listening" {
                break line["address"].as_str().unwrap().parse().unwrap();
            }
        };
        Self {
            child,
            stdout: Some(stdout),
            address,
            log,
        }
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Closes our end of its log.
    pub(crate) fn close_log(&mut self) {
        self.stdout = None;
    }

    /// Reads the log until a line with this message.
    pub(crate) fn wait_for(&mut self, message: &str) -> serde_json::Value {
        let stdout = self.stdout.as_mut().unwrap();
        loop {
            let mut line = String::new();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "never said `{message}`");
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            if line["message"] == message {
                return line;
            }
        }
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.stdout.as_mut().unwrap().read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A test that failed halfway leaves no server behind; one that did not has none to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
