//! Ends the children should `infra local` itself be killed.
//!
//! A process that is killed by SIGKILL can clean up nothing. So `infra local` starts itself once more, as a warden,
//! tells it over a pipe which children there are, and the system closes the pipe when `infra local` is gone, for
//! whatever reason. Children still on the list then are drained and stopped as they would have been. Works on every
//! Unix, needs no `unsafe` and nothing from the children.

use std::io::{self, BufRead, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

/// The verb under which `infra` becomes a warden. Hidden: nobody types it.
pub const VERB: &str = "local-warden";

/// The end of the pipe that `infra local` holds.
#[derive(Debug)]
pub struct Warden {
    process: Child,
    list: Option<ChildStdin>,
}

impl Warden {
    /// Starts a warden out of our own binary.
    ///
    /// # Errors
    /// When the system cannot start one more process.
    pub fn start() -> io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(VERB)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What ends us must not end the warden with us.
            .process_group(0)
            .spawn()?;
        let list = process.stdin.take();
        Ok(Self { process, list })
    }

    /// Puts a child on the list.
    pub fn watch(&mut self, pid: u32, stop_timeout: Duration) {
        self.tell(&format!("watch {pid} {}", stop_timeout.as_secs()));
    }

    /// Takes a child off the list, before its process id may be given to another.
    pub fn forget(&mut self, pid: u32) {
        self.tell(&format!("forget {pid}"));
    }

    fn tell(&mut self, line: &str) {
        if let Some(list) = &mut self.list {
            // Should the warden be gone, the session goes on: it is a precaution.
            let _ = writeln!(list, "{line}");
        }
    }
}

impl Drop for Warden {
    /// Closes the pipe: the warden stops what is still on its list, and ends.
    fn drop(&mut self) {
        self.list = None;
        let _ = self.process.wait();
    }
}

/// A warden's whole life: reads the list until the pipe closes, then stops what is on it, the last first.
///
/// # Errors
/// When the list cannot be read.
pub fn keep_watch(list: impl BufRead) -> io::Result<()> {
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
    // It is not our child, so that there is nothing to wait for but its disappearance.
    while test_kill_process(pid).is_ok() {
        if Instant::now() > deadline {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    // Itself if it is still there, and what it has left in its group.
    let _ = kill_process_group(pid, Signal::KILL);
}

fn parse(pid: &str) -> Option<Pid> {
    pid.parse().ok().and_then(Pid::from_raw)
}
