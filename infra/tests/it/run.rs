//! A run of `infra` as a person sees it: lines as they come, signals, exit code.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything takes on a busy machine. A test that gets here has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// A started `infra`. Killed when dropped.
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

/// What a run has said in all, and how it ended.
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

    /// Waits for a line that contains `text`, and returns it.
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
        // Both streams end with the program, or with the last of its children that holds them open.
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok((stream, line)) => self.keep(stream, &line),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("it goes on\n{}\n{}", self.out, self.err),
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
        // The end of a test that has failed; errors would hide why.
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
