//! A running `infra`: output lines, signals, exit code.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Timeout of every wait.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running `infra`; killed on drop.
pub(crate) struct Run {
    child: Child,
    lines: Receiver<(Stream, String)>,
    out: String,
    err: String,
}

#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// Output and exit code of a finished run.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        read(child.stdout.take().unwrap(), Stream::Out, sender.clone());
        read(child.stderr.take().unwrap(), Stream::Err, sender);
        Self {
            child,
            lines,
            out: String::new(),
            err: String::new(),
        }
    }

    /// Waits for a line that contains `text` and returns it.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        loop {
            let Ok((stream, line)) = self.lines.recv_timeout(PATIENCE) else {
                panic!(
                    "no line with {text:?}\nstdout:\n{}\nstderr:\n{}",
                    self.out, self.err
                );
            };
            self.keep(stream, &line);
            if line.contains(text) {
                return line;
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        // Both streams end when the program and its children have exited.
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok((stream, line)) => self.keep(stream, &line),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("still running\n{}\n{}", self.out, self.err),
            }
        }
        let code = self.child.wait().unwrap().code();
        Ended {
            code,
            out: std::mem::take(&mut self.out),
            err: std::mem::take(&mut self.err),
        }
    }

    fn keep(&mut self, stream: Stream, line: &str) {
        let kept = match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        kept.push_str(line);
        kept.push('\n');
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // Errors would hide why the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(stream: impl Read + Send + 'static, name: Stream, lines: Sender<(Stream, String)>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if lines.send((name, line)).is_err() {
                return;
            }
        }
    });
}
