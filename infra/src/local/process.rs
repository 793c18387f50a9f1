//! One child: spawned into a process group of its own, read line by line, signalled, reaped.
//!
//! The group keeps a terminal's Ctrl-C away from it, which would otherwise end both children at once and out of
//! order. A child is reaped only here, by the thread that also signals it: a process id is never signalled after it
//! may belong to somebody else.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Read};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use super::events::Event;

/// How long what a dead child has written may take to arrive. Only a grandchild needs it that has left the group and
/// holds the pipe open.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A running child.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pid: Pid,
}

impl Process {
    /// Starts a program. Its lines, and its end after them, come as events with the number `id`.
    pub(super) fn spawn(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, String)],
        id: usize,
        events: &Sender<Event>,
    ) -> io::Result<Self> {
        // One pipe for both streams keeps the order in which the lines were written.
        let (stream, writer) = io::pipe()?;
        let child = command(program, arguments, environment)
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .spawn()?;
        let pid = pid(child.id())?;
        let (finished, all_read) = mpsc::channel::<()>();
        let sender = events.clone();
        thread::spawn(move || {
            read_lines(stream, id, &sender);
            drop(finished);
        });
        let events = events.clone();
        thread::spawn(move || {
            // Waits without reaping: the owner does that.
            let ended = || waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            while matches!(ended(), Err(Errno::INTR)) {}
            // What it has left in its group would hold the pipe open. The group is still its own: it is not reaped.
            let _ = kill_process_group(pid, Signal::KILL);
            // Nobody sends: this ends when the reader is done.
            let _ = all_read.recv_timeout(LAST_WORDS);
            let _ = events.send(Event::Ended { child: id });
        });
        Ok(Self { child, pid })
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to drain: the signal goes to the program alone, as a container runtime sends it.
    pub(super) fn terminate(&self) {
        // The only error is that it has just ended, and then there is nothing to ask.
        let _ = kill_process(self.pid, Signal::TERM);
    }

    /// Ends it and whatever it has started.
    pub(super) fn kill(&self) {
        let _ = kill_process_group(self.pid, Signal::KILL);
    }

    /// Reaps it after [`Event::Ended`].
    pub(super) fn reap(mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

/// A command that gets `environment` on top of ours and cannot ask questions.
pub(super) fn command(
    program: &Path,
    arguments: &[impl AsRef<OsStr>],
    environment: &[(&str, String)],
) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null());
    command
}

/// Sends Ctrl-C to a process that is waited for elsewhere.
pub(super) fn interrupt(process: u32) {
    if let Ok(pid) = pid(process) {
        let _ = kill_process(pid, Signal::INT);
    }
}

/// How a program ended, in words: `exit status 64`, `killed by SIGKILL`.
pub(super) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => {
            let name = signal_hook::low_level::signal_name(signal);
            name.map_or_else(
                || format!("killed by signal {signal}"),
                |name| format!("killed by {name}"),
            )
        }
        (None, None) => status.to_string(),
    }
}

fn pid(id: u32) -> io::Result<Pid> {
    i32::try_from(id)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::other("the process id is out of range"))
}

fn read_lines(stream: impl Read, child: usize, events: &Sender<Event>) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while matches!(stream.read_until(b'\n', &mut line), Ok(1..)) {
        let text = String::from_utf8_lossy(&line)
            .trim_end_matches(['\n', '\r'])
            .to_owned();
        if events.send(Event::Line { child, text }).is_err() {
            return;
        }
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str) -> (Vec<String>, ExitStatus) {
        let (sender, receiver) = mpsc::channel();
        let process = Process::spawn(Path::new("/bin/sh"), &["-c", script], &[], 7, &sender).unwrap();
        let mut lines = Vec::new();
        loop {
            match receiver.recv_timeout(Duration::from_secs(20)).unwrap() {
                Event::Line { child: 7, text } => lines.push(text),
                Event::Ended { child: 7 } => return (lines, process.reap().unwrap()),
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    #[test]
    fn its_last_words_come_before_its_end() {
        let (lines, status) = run("echo one; printf 'two\\r\\nno newline'; exit 64");
        assert_eq!(lines, ["one", "two", "no newline"]);
        assert_eq!(describe(status), "exit status 64");
    }

    #[test]
    fn the_signal_that_killed_it_has_a_name() {
        assert_eq!(describe(run("kill -9 $$").1), "killed by SIGKILL");
    }

    #[test]
    fn a_grandchild_that_keeps_the_pipe_does_not_keep_us() {
        let (lines, _) = run("setsid sleep 5 & echo done");
        assert_eq!(lines, ["done"]);
    }
}
