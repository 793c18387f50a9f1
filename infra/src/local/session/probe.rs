//! Health probe of a container with the image's own health check: frequent during startup, then at the task's interval.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::local::events::Event;
use crate::local::process;
use crate::service::HealthCheck;

/// Probe interval during startup.
const STARTUP_INTERVAL: Duration = Duration::from_millis(100);

/// A probe that runs until dropped. Only changes are sent as events.
#[derive(Debug)]
pub(super) struct Probe {
    _wanted: Sender<()>,
}

impl Probe {
    /// Starts probing `program` with its environment, which contains the port.
    pub(super) fn start(
        child: usize,
        program: &Path,
        check: &HealthCheck,
        environment: Vec<(String, String)>,
        events: Sender<Event>,
    ) -> Self {
        let (wanted, unwanted) = mpsc::channel();
        let prober = Prober {
            child,
            program: program.to_owned(),
            check: check.clone(),
            environment,
            unwanted,
        };
        thread::spawn(move || {
            // The session may have ended.
            let _ = prober.run(&events);
        });
        Self { _wanted: wanted }
    }
}

/// Returns the time in which a container must become healthy: its start period plus the allowed failures.
pub(super) fn startup_timeout(check: &HealthCheck) -> Duration {
    check.start_period + check.interval * check.retries
}

struct Prober {
    child: usize,
    program: PathBuf,
    check: HealthCheck,
    environment: Vec<(String, String)>,
    unwanted: Receiver<()>,
}

impl Prober {
    /// Probes repeatedly; returns `None` when stopped.
    fn run(&self, events: &Sender<Event>) -> Option<()> {
        let child = self.child;
        let deadline = Instant::now() + startup_timeout(&self.check);
        while let Err(probe) = self.probe() {
            if Instant::now() >= deadline {
                return events.send(Event::NeverHealthy { child, probe }).ok();
            }
            self.pause(STARTUP_INTERVAL)?;
        }
        events.send(Event::Healthy { child }).ok()?;
        // Consecutive failures.
        let mut failures = 0;
        loop {
            self.pause(self.check.interval)?;
            let (before, probe) = (failures, self.probe());
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

    /// Runs the check once; the error is its output.
    fn probe(&self) -> Result<(), String> {
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

    /// Waits; returns `None` when stopped.
    fn pause(&self, time: Duration) -> Option<()> {
        matches!(self.unwanted.recv_timeout(time), Err(RecvTimeoutError::Timeout)).then_some(())
    }
}
