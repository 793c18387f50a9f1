//! Supervisor process: stops the children if `infra local` is killed.
//!
//! `infra local` starts itself again as a supervisor and sends it the list of children over a pipe. When `infra local`
//! ends for any reason, the system closes the pipe, and the supervisor stops the remaining children.

use std::io::{self, BufRead, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

/// The hidden verb that runs the supervisor.
pub const VERB: &str = "local-supervisor";

/// The write end of the pipe to the supervisor.
#[derive(Debug)]
pub struct Supervisor {
    process: Child,
    list: Option<ChildStdin>,
}

impl Supervisor {
    /// Starts the supervisor from the current executable.
    ///
    /// # Errors
    /// Fails if the process cannot be started.
    pub fn start() -> io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(VERB)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C must not end the supervisor.
            .process_group(0)
            .spawn()?;
        let list = process.stdin.take();
        Ok(Self { process, list })
    }

    /// Adds a child to the list.
    pub fn watch(&mut self, pid: u32, stop_timeout: Duration) {
        self.send(&format!("watch {pid} {}", stop_timeout.as_secs()));
    }

    /// Removes a child from the list, before its process ID can be reused.
    pub fn forget(&mut self, pid: u32) {
        self.send(&format!("forget {pid}"));
    }

    fn send(&mut self, line: &str) {
        if let Some(list) = &mut self.list {
            // The session continues without supervisor.
            let _ = writeln!(list, "{line}");
        }
    }
}

impl Drop for Supervisor {
    /// Closes the pipe: the supervisor stops what is left on its list and ends.
    fn drop(&mut self) {
        self.list = None;
        let _ = self.process.wait();
    }
}

/// Runs the supervisor: reads the list until the pipe closes, then stops the remaining children in reverse order.
///
/// # Errors
/// Fails if the list cannot be read.
pub fn supervise(list: impl BufRead) -> io::Result<()> {
    let mut watched: Vec<(Pid, Duration)> = Vec::new();
    for line in list.lines() {
        let line = line?;
        let words: Vec<_> = line.split(' ').collect();
        match words.as_slice() {
            ["watch", pid, seconds] => {
                if let (Some(pid), Ok(seconds)) = (parse(pid), seconds.parse()) {
                    watched.push((pid, Duration::from_secs(seconds)));
                }
            }
            ["forget", pid] => watched.retain(|(watched, _)| Some(*watched) != parse(pid)),
            _ => {}
        }
    }
    for (pid, stop_timeout) in watched.into_iter().rev() {
        stop(pid, stop_timeout);
    }
    Ok(())
}

fn stop(pid: Pid, stop_timeout: Duration) {
    let deadline = Instant::now() + stop_timeout;
    let _ = kill_process(pid, Signal::TERM);
    // It is not our child, so that it cannot be waited for.
    while test_kill_process(pid).is_ok() {
        if Instant::now() > deadline {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    // Kills what is left of the process group.
    let _ = kill_process_group(pid, Signal::KILL);
}

fn parse(pid: &str) -> Option<Pid> {
    pid.parse().ok().and_then(Pid::from_raw)
}
