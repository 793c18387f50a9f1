//! Session of a local run: start each container when the previous one is healthy, stop in reverse order.

mod probe;

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus as ChildStatus;
use std::time::{Duration, Instant};

use super::build::Programs;
use super::events::{Event, Events};
use super::output::Output;
use super::process::{Process, describe};
use super::supervisor::Supervisor;
use crate::console::{Console, Style, Verbosity};
use crate::exit::{ExitStatus, Failure};
use crate::service::{Container, INDEXING_DENY, Value};
use crate::settings::SecretValues;
use probe::Probe;

/// Exit status of the servers for invalid configuration or content.
const REFUSED: i32 = 64;

/// What to run.
#[derive(Debug)]
pub struct Plan {
    /// The containers, in start order.
    pub containers: Vec<Container>,
    /// Binaries of the containers.
    pub programs: Programs,
    /// Values of the app's secrets.
    pub secrets: SecretValues,
    /// URL of the site.
    pub public_url: String,
    /// Stops the programs if this process is killed.
    pub supervisor: Option<Supervisor>,
}

/// Why a session failed.
#[derive(Debug, thiserror::Error)]
enum SessionError {
    #[error("cannot start {name} ({})", .program.display())]
    Start {
        name: &'static str,
        program: PathBuf,
        source: io::Error,
    },
    #[error("{name} exited before it was healthy: {}", describe(*.status))]
    DiedEarly {
        name: &'static str,
        child: usize,
        status: ChildStatus,
    },
    #[error("{name} exited: {}", describe(*.status))]
    Died {
        name: &'static str,
        child: usize,
        status: ChildStatus,
    },
    #[error("{name} was not healthy after {:.1} s: {probe}", .after.as_secs_f64())]
    NeverHealthy {
        name: &'static str,
        child: usize,
        after: Duration,
        probe: String,
    },
    #[error("cannot read the exit status of `{name}`")]
    Lost { name: &'static str, source: io::Error },
    /// stdout is closed.
    #[error("cannot write to stdout")]
    Output(#[from] io::Error),
}

/// Runs the plan until it is interrupted or fails.
///
/// # Errors
/// Fails if a program cannot be started, exits or does not become healthy; the others are stopped first.
pub fn run(plan: Plan, events: &Events, console: &Console) -> anyhow::Result<ExitStatus> {
    let names: Vec<_> = plan.containers.iter().map(|container| container.name).collect();
    let mut session = Session {
        running: names.iter().map(|_| None).collect(),
        probes: Vec::new(),
        output: Output::new(console, &names),
        plan,
        events,
        console,
    };
    // Collects the last lines before stopping adds more.
    let outcome = session
        .run_until_stopped()
        .map_err(|error| session.explain(error));
    let began = Instant::now();
    if outcome.is_ok() && session.any_running() {
        console.info("\nStopping the proxy, then the app. Press Ctrl-C again to kill both.");
    }
    let forced = session.close();
    let was_open = outcome?;
    console.info(format_args!(
        "Stopped after {:.1} s.",
        began.elapsed().as_secs_f64()
    ));
    Ok(if was_open && !forced {
        ExitStatus::Done
    } else {
        ExitStatus::Interrupted
    })
}

struct Session<'a> {
    plan: Plan,
    /// By container number.
    running: Vec<Option<Process>>,
    probes: Vec<Probe>,
    output: Output<'a>,
    events: &'a Events,
    console: &'a Console,
}

impl Session<'_> {
    /// Starts all containers and waits for a stop event. Returns true if all were healthy by then.
    fn run_until_stopped(&mut self) -> Result<bool, SessionError> {
        for child in 0..self.plan.containers.len() {
            if !self.start(child)? {
                return Ok(false);
            }
        }
        self.announce()?;
        loop {
            match self.events.next(None) {
                Some(Event::Line { child, text }) => self.output.line(child, text)?,
                Some(Event::Ended { child }) => {
                    let (name, status) = (self.name(child), self.reap(child)?);
                    return Err(SessionError::Died { name, child, status });
                }
                Some(Event::Stop) | None => return Ok(true),
                Some(other) => self.report_health(&other),
            }
        }
    }

    /// Starts a container and waits until it is healthy. Returns false if a stop event came first.
    fn start(&mut self, child: usize) -> Result<bool, SessionError> {
        let began = Instant::now();
        let name = self.name(child);
        let container = &self.plan.containers[child];
        let program = &self.plan.programs[container.package];
        let environment = self.environment(container);
        for variable in &container.environment {
            let value = match variable.value {
                Value::Secret(_) => None,
                _ => environment.iter().find(|(name, _)| *name == variable.name),
            };
            let value = value.map_or("(secret)", |(_, value)| value.as_str());
            self.console
                .detail(format_args!("{name}: {}={value}", variable.name));
        }
        let sender = self.events.sender();
        let process =
            Process::spawn(program, &container.command, &environment, child, &sender).map_err(|source| {
                SessionError::Start {
                    name,
                    program: program.clone(),
                    source,
                }
            })?;
        self.console
            .detail(format_args!("{name}: process {}", process.id()));
        if let Some(supervisor) = &mut self.plan.supervisor {
            supervisor.watch(process.id(), container.stop.timeout);
        }
        self.running[child] = Some(process);
        let Some(health) = &container.health else {
            // The proxy waits for it.
            return Ok(true);
        };
        let timeout = probe::startup_timeout(health);
        self.probes
            .push(Probe::start(child, program, health, environment, sender));
        loop {
            match self.events.next(None) {
                Some(Event::Line { child, text }) => self.output.line(child, text)?,
                Some(Event::Healthy { child: healthy }) if healthy == child => {
                    let after = began.elapsed().as_secs_f64();
                    self.console
                        .detail(format_args!("{name} is healthy after {after:.1} s"));
                    return Ok(true);
                }
                Some(Event::NeverHealthy { child: ill, probe }) if ill == child => {
                    return Err(SessionError::NeverHealthy {
                        name,
                        child,
                        after: timeout,
                        probe,
                    });
                }
                Some(Event::Ended { child: ended }) => {
                    let (name, status) = (self.name(ended), self.reap(ended)?);
                    return Err(if ended == child {
                        SessionError::DiedEarly { name, child, status }
                    } else {
                        SessionError::Died {
                            name,
                            child: ended,
                            status,
                        }
                    });
                }
                Some(Event::Stop) | None => return Ok(false),
                Some(other) => self.report_health(&other),
            }
        }
    }

    /// Reports a changed health. An unhealthy task would be replaced; here it keeps running for inspection.
    fn report_health(&self, event: &Event) {
        match event {
            Event::Unhealthy { child, probe } => {
                let name = self.name(*child);
                self.console.warn(format_args!(
                    "{name} is unhealthy (ECS would replace the task): {probe}"
                ));
            }
            Event::Healthy { child } => self
                .console
                .info(format_args!("{} is healthy again", self.name(*child))),
            _ => {}
        }
    }

    fn announce(&self) -> io::Result<()> {
        let url = &self.plan.public_url;
        if self.console.json() {
            return self
                .console
                .data_line(serde_json::json!({"event": "open", "url": url}));
        }
        if self.console.verbosity() == Verbosity::Quiet {
            return self.console.data_line(url);
        }
        let url = self.console.paint_out().apply(Style::Bold, url);
        self.console
            .data_line(format_args!("\nServing at {url}  (Ctrl-C to stop)\n"))
    }

    /// Stops running containers in reverse order. Returns true if any had to be killed.
    fn close(&mut self) -> bool {
        self.probes.clear();
        let mut forced = false;
        for child in (0..self.running.len()).rev() {
            let Some(process) = &self.running[child] else {
                continue;
            };
            let stop_timeout = self.plan.containers[child].stop.timeout;
            process.terminate();
            let mut deadline = Instant::now() + stop_timeout;
            while self.running[child].is_some() {
                match self.events.next(Some(deadline)) {
                    // A closed stdout must not prevent stopping.
                    Some(Event::Line { child, text }) => drop(self.output.line(child, text)),
                    Some(Event::Ended { child: ended }) => drop(self.reap(ended)),
                    Some(Event::Stop) => {
                        forced = true;
                        self.kill_all();
                    }
                    None => {
                        let name = self.name(child);
                        self.console.warn(format_args!(
                            "{name} did not stop within {} s: killed",
                            stop_timeout.as_secs()
                        ));
                        forced = true;
                        self.running[child].iter().for_each(Process::kill);
                        deadline = Instant::now() + stop_timeout;
                    }
                    Some(_) => {}
                }
            }
        }
        forced
    }

    fn kill_all(&self) {
        self.running.iter().flatten().for_each(Process::kill);
    }

    fn any_running(&self) -> bool {
        self.running.iter().any(Option::is_some)
    }

    fn reap(&mut self, child: usize) -> Result<ChildStatus, SessionError> {
        let name = self.name(child);
        let lost = |source| SessionError::Lost { name, source };
        let process = self.running[child]
            .take()
            .ok_or_else(|| lost(io::Error::other("the process was reaped before")))?;
        if let Some(supervisor) = &mut self.plan.supervisor {
            supervisor.forget(process.id());
        }
        process.reap().map_err(lost)
    }

    fn environment(&self, container: &Container) -> Vec<(String, String)> {
        container
            .environment
            .iter()
            .filter_map(|variable| {
                let value = match &variable.value {
                    Value::Text(text) => text.clone(),
                    Value::PublicUrl => self.plan.public_url.clone(),
                    Value::Indexing => INDEXING_DENY.to_owned(),
                    // Only tasks have a release.
                    Value::Release => "off".to_owned(),
                    Value::Secret(_) => self.plan.secrets.get(&variable.name)?.to_owned(),
                };
                Some((variable.name.clone(), value))
            })
            .collect()
    }

    fn name(&self, child: usize) -> &'static str {
        self.plan.containers[child].name
    }

    /// Adds the last lines of the failed container, and a hint if there is one.
    fn explain(&self, error: SessionError) -> anyhow::Error {
        let mut message = error.to_string();
        let (child, status) = match &error {
            SessionError::DiedEarly { child, status, .. } | SessionError::Died { child, status, .. } => {
                (Some(*child), Some(*status))
            }
            SessionError::NeverHealthy { child, .. } => (Some(*child), None),
            SessionError::Start { .. } | SessionError::Lost { .. } | SessionError::Output(_) => (None, None),
        };
        for (number, line) in child
            .into_iter()
            .flat_map(|child| self.output.last_lines(child))
            .enumerate()
        {
            let heading = if number == 0 { "\n  last lines:" } else { "" };
            let _ = write!(message, "{heading}\n    {line}");
        }
        let failure = Failure::failed(message);
        match error {
            SessionError::Start { source, .. } | SessionError::Lost { source, .. } => {
                failure.caused_by(source).into()
            }
            // `infra local | head` ends silently.
            SessionError::Output(error) => error.into(),
            _ if status.and_then(|status| status.code()) == Some(REFUSED) => failure
                .hint("exit status 64 means invalid configuration or content; see the last lines")
                .into(),
            _ => failure.into(),
        }
    }
}
