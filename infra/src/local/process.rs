//! A child process in its own process group: spawn, read lines, signal, reap.
//!
//! The process group keeps the terminal's Ctrl-C away from the child, so that the children are stopped in order. A child
//! is only reaped by the thread that signals it, so that no signal goes to a reused process ID.

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

/// Time to wait for the output of an ended child: a grandchild outside the group may keep the pipe open.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(500);

/// A running child.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pid: Pid,
}

impl Process {
    /// Starts a program. Its lines and then its end are sent as events with the number `id`.
    pub(super) fn spawn(
        program: &Path,
        arguments: &[impl AsRef<OsStr>],
        environment: &[(String, String)],
        id: usize,
        events: &Sender<Event>,
    ) -> io::Result<Self> {
        // One pipe for both streams keeps the order of lines.
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
            // Waits without reaping.
            let ended = || waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            while matches!(ended(), Err(Errno::INTR)) {}
            // Processes left in the group would keep the pipe open. The group still exists, since the child is not reaped.
            let _ = kill_process_group(pid, Signal::KILL);
            // Nothing is sent: `recv` returns when the reader ends.
            let _ = all_read.recv_timeout(OUTPUT_TIMEOUT);
            let _ = events.send(Event::Ended { child: id });
        });
        Ok(Self { child, pid })
    }

    /// Returns the process ID.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM to the program alone, like a container runtime.
    pub(super) fn terminate(&self) {
        // Fails only if the program has ended.
        let _ = kill_process(self.pid, Signal::TERM);
    }

    /// Kills the whole process group.
    pub(super) fn kill(&self) {
        let _ = kill_process_group(self.pid, Signal::KILL);
    }

    /// Reaps the child after [`Event::Ended`].
    pub(super) fn reap(mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

/// Returns a command with additional `environment` and without stdin.
pub(super) fn command(
    program: &Path,
    arguments: &[impl AsRef<OsStr>],
    environment: &[(String, String)],
) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null());
    command
}

/// Sends SIGINT to a process that is not a [`Process`].
pub(super) fn interrupt(process: u32) {
    if let Ok(pid) = pid(process) {
        let _ = kill_process(pid, Signal::INT);
    }
}

/// Describes an exit status: `exit status 64`, `killed by SIGKILL`.
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
        .ok_or_else(|| io::Error::other("process ID out of range"))
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
    fn lines_arrive_before_the_end() {
        let (lines, status) = run("echo one; printf 'two\\r\\nno newline'; exit 64");
        assert_eq!(lines, ["one", "two", "no newline"]);
        assert_eq!(describe(status), "exit status 64");
    }

    #[test]
    fn fatal_signal_is_named() {
        assert_eq!(describe(run("kill -9 $$").1), "killed by SIGKILL");
    }

    #[test]
    fn grandchild_holding_the_pipe_does_not_block() {
        let (lines, _) = run("setsid sleep 5 & echo done");
        assert_eq!(lines, ["done"]);
    }
}
