//! A run of the program: output, input and exit code.

use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::cloud::{Cloud, PATIENCE};

const PROGRAM: &str = env!("CARGO_BIN_EXE_infra");

/// A running program.
pub(crate) struct Run {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    /// File with the process id of a run in a terminal.
    pid_file: Option<std::path::PathBuf>,
}

/// A finished run.
#[derive(Debug)]
pub(crate) struct Ended {
    /// stderr and stdout, interleaved.
    pub(crate) text: String,
    /// Its exit code; `None` if it was killed.
    pub(crate) code: Option<i32>,
}

impl Ended {
    /// It ended with this code, else the test fails with what it said.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.text);
        self
    }

    /// It said all of these, in this order.
    #[track_caller]
    pub(crate) fn said(self, words: &[&str]) -> Self {
        let mut rest = self.text.as_str();
        for word in words {
            match rest.split_once(word) {
                Some((_, after)) => rest = after,
                None => assert!(
                    rest.contains(word),
                    "no {word:?}, or not in its place:\n{}",
                    self.text
                ),
            }
        }
        self
    }
}

impl Cloud {
    /// Runs the program in a pipe, to its end.
    pub(crate) fn infra(&self, arguments: &[&str]) -> Ended {
        self.begin(arguments).end()
    }

    /// Begins a run in a pipe.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Run {
        self.begin_at(&self.endpoint, arguments)
    }

    /// Begins a run in a pipe that takes what is at `endpoint` for AWS.
    pub(crate) fn begin_at(&self, endpoint: &str, arguments: &[&str]) -> Run {
        let mut command = self.equip(Command::new(PROGRAM));
        command.args(arguments).env("AWS_ENDPOINT_URL", endpoint);
        Run::start(command, None)
    }

    /// Begins a run in a terminal of 80 columns and 24 lines.
    pub(crate) fn terminal(&self, arguments: &[&str]) -> Run {
        self.terminal_of_size(80, 24, arguments)
    }

    /// Begins a run in a terminal.
    pub(crate) fn terminal_of_size(&self, columns: u16, lines: u16, arguments: &[&str]) -> Run {
        let pid_file = self.folder().join("pid");
        let _ = fs_err::remove_file(&pid_file);
        let line = format!(
            "stty cols {columns} rows {lines}; echo $$ >{}; exec {PROGRAM} {}",
            pid_file.display(),
            arguments.join(" ")
        );
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        Run::start(self.equip(command), Some(&pid_file))
    }

    /// With a home, an account and a mock of its own.
    pub(crate) fn equip(&self, mut command: Command) -> Command {
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .env("HOME", self.folder())
            // An account of ministack's is chosen by a key of twelve digits.
            .env("AWS_ACCESS_KEY_ID", &self.account)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .current_dir(self.folder());
        command
    }
}

impl Run {
    /// Starts a command; one in a terminal writes its process id to the file.
    pub(crate) fn start(mut command: Command, pid_file: Option<&Path>) -> Self {
        let stdin = if pid_file.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        // One pipe for both: two of them would not tell which came first.
        let (output, input) = std::io::pipe().unwrap();
        let mut child = command
            .stdin(stdin)
            .stdout(input.try_clone().unwrap())
            .stderr(input)
            .spawn()
            .unwrap();
        // It holds the ends that must close when the program does.
        drop(command);
        let said = Arc::<Mutex<Vec<u8>>>::default();
        let reader = read_into(output, &said);
        Self {
            stdin: child.stdin.take(),
            child,
            said,
            reader: Some(reader),
            pid_file: pid_file.map(Path::to_owned),
        }
    }

    /// What it has said so far.
    pub(crate) fn text(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Returns the visible text of its terminal.
    pub(crate) fn screen(&self, columns: u16, lines: u16) -> String {
        let mut terminal = vt100::Parser::new(lines.try_into().unwrap(), columns.try_into().unwrap(), 0);
        terminal.process(&self.said.lock().unwrap_or_else(PoisonError::into_inner));
        terminal.screen().contents()
    }

    /// Waits until it has said something.
    #[track_caller]
    pub(crate) fn sees(&mut self, words: &str) {
        let began = Instant::now();
        while !self.text().contains(words) {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() || self.text().contains(words),
                "ended without {words:?}:\n{}",
                self.text()
            );
            assert!(began.elapsed() < PATIENCE, "no {words:?} in\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Types an answer whenever the text ends with one of these, until it has ended.
    pub(crate) fn is_answered(&mut self, answers: &[(&str, &str)]) {
        let (began, mut answered) = (Instant::now(), 0);
        while !self.has_ended() && began.elapsed() < 5 * PATIENCE {
            let text = self.text();
            let new = text.get(answered..).unwrap_or_default();
            if let Some((_, keys)) = answers.iter().find(|(end, _)| new.ends_with(end)) {
                answered = text.len();
                self.types(keys);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// It has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Types into its terminal.
    pub(crate) fn types(&mut self, keys: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(keys.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// `kill -9`. Nothing can be tidied up.
    pub(crate) fn kill(mut self) -> Ended {
        match &self.pid_file {
            None => self.child.kill().unwrap(),
            Some(file) => {
                let pid = fs_err::read_to_string(file).unwrap();
                let killed = Command::new("kill").args(["-9", pid.trim()]).status().unwrap();
                assert!(killed.success());
            }
        }
        self.end()
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        let patience = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if patience.elapsed() > PATIENCE {
                self.child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        Ended {
            text: self.text(),
            code: status.code(),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // Of a test that failed; what has ended already cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_into(mut from: impl Read + Send + 'static, into: &Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        let mut some = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut some) {
            into.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend_from_slice(&some[..count]);
        }
    })
}
