//! Asks a starting container whether it is healthy, by the image's own health check, only more often.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use crate::local::events::Event;
use crate::local::process;
use crate::service::HealthCheck;

/// Time between two probes: somebody waits for the page.
const PAUSE: Duration = Duration::from_millis(100);

/// A probe that goes on until it succeeds, patience ends or it is dropped.
#[derive(Debug)]
pub(super) struct Probe {
    wanted: Arc<AtomicBool>,
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
        let wanted = Arc::new(AtomicBool::new(true));
        let (still_wanted, program) = (Arc::clone(&wanted), program.to_owned());
        let arguments: Vec<_> = check.command.iter().skip(1).cloned().collect();
        let deadline = Instant::now() + patience(check);
        thread::spawn(move || {
            let event = ask(child, &program, &arguments, &environment, deadline, &still_wanted);
            if let Some(event) = event {
                // The session may be over; then nobody wants to know.
                let _ = events.send(event);
            }
        });
        Self { wanted }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.wanted.store(false, Ordering::Relaxed);
    }
}

/// The time that a container has to become healthy: its start period, then as many failures as it may have.
pub(super) fn patience(check: &HealthCheck) -> Duration {
    check.start_period + check.interval * check.retries
}

fn ask(
    child: usize,
    program: &Path,
    arguments: &[String],
    environment: &[(&'static str, String)],
    deadline: Instant,
    wanted: &AtomicBool,
) -> Option<Event> {
    loop {
        let probe = match process::command(program, arguments, environment).output() {
            Ok(output) if output.status.success() => return Some(Event::Healthy { child }),
            Ok(output) => {
                let said = [output.stdout, output.stderr].concat();
                String::from_utf8_lossy(&said)
                    .trim()
                    .lines()
                    .last()
                    .unwrap_or("nothing")
                    .to_owned()
            }
            Err(error) => error.to_string(),
        };
        if !wanted.load(Ordering::Relaxed) {
            return None;
        }
        if Instant::now() >= deadline {
            return Some(Event::NeverHealthy { child, probe });
        }
        thread::sleep(PAUSE);
    }
}
