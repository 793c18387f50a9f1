//! Asks a container whether it is healthy, by the image's own health check: often while it starts, since somebody waits
//! for the page, then as often as the task would.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::local::events::Event;
use crate::local::process;
use crate::service::HealthCheck;

/// Time between two probes of a container that starts.
const IMPATIENCE: Duration = Duration::from_millis(100);

/// A probe that goes on until it is dropped. Only changes are events.
#[derive(Debug)]
pub(super) struct Probe {
    _wanted: Sender<()>,
}

impl Probe {
    /// Starts probing `program` with its own environment, so that it asks the right port.
    pub(super) fn start(
        child: usize,
        program: &Path,
        check: &HealthCheck,
        environment: Vec<(&'static str, String)>,
        events: Sender<Event>,
    ) -> Self {
        let (wanted, unwanted) = mpsc::channel();
        let question = Question {
            child,
            program: program.to_owned(),
            check: check.clone(),
            environment,
            unwanted,
        };
        thread::spawn(move || {
            // The session may be over; then nobody wants to know.
            let _ = question.go_on_asking(&events);
        });
        Self { _wanted: wanted }
    }
}

/// The time that a container has to become healthy: its start period, then as many failures as it may have.
pub(super) fn patience(check: &HealthCheck) -> Duration {
    check.start_period + check.interval * check.retries
}

struct Question {
    child: usize,
    program: PathBuf,
    check: HealthCheck,
    environment: Vec<(&'static str, String)>,
    unwanted: Receiver<()>,
}

impl Question {
    /// `None` when nobody listens any more.
    fn go_on_asking(&self, events: &Sender<Event>) -> Option<()> {
        let child = self.child;
        let deadline = Instant::now() + patience(&self.check);
        while let Err(probe) = self.ask() {
            if Instant::now() >= deadline {
                return events.send(Event::NeverHealthy { child, probe }).ok();
            }
            self.pause(IMPATIENCE)?;
        }
        events.send(Event::Healthy { child }).ok()?;
        // Failures in a row; the check's own number of them makes it unhealthy.
        let mut failures = 0;
        loop {
            self.pause(self.check.interval)?;
            let (before, probe) = (failures, self.ask());
            failures = if probe.is_ok() { 0 } else { before + 1 };
            match probe {
                Ok(()) if before >= self.check.retries => events.send(Event::Healthy { child }).ok()?,
                Err(probe) if failures == self.check.retries => {
                    events.send(Event::Unhealthy { child, probe }).ok()?;
                }
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// Runs the check. The error is what it says.
    fn ask(&self) -> Result<(), String> {
        let arguments = self.check.command.get(1..).unwrap_or_default();
        match process::command(&self.program, arguments, &self.environment).output() {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => {
                let said = [output.stdout, output.stderr].concat();
                Err(String::from_utf8_lossy(&said)
                    .trim()
                    .lines()
                    .last()
                    .unwrap_or("nothing")
                    .to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// `None` when the probe is not wanted any more.
    fn pause(&self, time: Duration) -> Option<()> {
        matches!(self.unwanted.recv_timeout(time), Err(RecvTimeoutError::Timeout)).then_some(())
    }
}
