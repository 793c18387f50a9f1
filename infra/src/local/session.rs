//! The life of a local run: start each container when the one before is healthy, stay open, drain in reverse order.

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
use super::warden::Warden;
use crate::console::{Console, Style, Verbosity};
use crate::exit::{ExitStatus, Failure};
use crate::service::{Container, Value};
use probe::Probe;

/// Exit status with which both servers refuse their configuration or content.
const REFUSED: i32 = 64;

/// What is to be run.
#[derive(Debug)]
pub struct Plan {
    /// The containers, in start order.
    pub containers: Vec<Container>,
    /// Their programs.
    pub programs: Programs,
    /// What visitors type.
    pub public_url: String,
    /// Who ends the programs should this process be killed.
    pub warden: Option<Warden>,
}

/// Why a session ended otherwise than by a wish.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("cannot start {name}, {}", .program.display())]
    Start {
        name: &'static str,
        program: PathBuf,
        source: io::Error,
    },
    #[error("{name} ended before it was healthy: {}", describe(*.status))]
    DiedEarly {
        name: &'static str,
        child: usize,
        status: ChildStatus,
    },
    #[error("{name} ended: {}", describe(*.status))]
    Died {
        name: &'static str,
        child: usize,
        status: ChildStatus,
    },
    #[error("{name} was not healthy after {:.1} s; its health check says: {probe}", .after.as_secs_f64())]
    NeverHealthy {
        name: &'static str,
        child: usize,
        after: Duration,
        probe: String,
    },
    #[error("cannot learn how {name} ended")]
    Lost { name: &'static str, source: io::Error },
    /// Nobody reads our output any more.
    #[error("cannot write to stdout")]
    Output(#[from] io::Error),
}

/// Runs the plan until somebody wants it to end or something breaks.
///
/// # Errors
/// When a program does not start, dies or never becomes healthy; the others have been stopped then.
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
    // What a program said last is told as it was, before the stop makes it say more.
    let wish = session
        .open_until_told()
        .map_err(|trouble| session.explain(trouble));
    let began = Instant::now();
    if wish.is_ok() && session.any_running() {
        console.say("\nDraining the proxy, then the app. Ctrl-C again ends both at once.");
    }
    let forced = session.close();
    let was_open = wish?;
    console.say(format_args!(
        "Closed after {:.1} s.",
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
    /// By number of the container.
    running: Vec<Option<Process>>,
    probes: Vec<Probe>,
    output: Output<'a>,
    events: &'a Events,
    console: &'a Console,
}

impl Session<'_> {
    /// Starts everything and waits for the wish to end. True if it was open by then.
    fn open_until_told(&mut self) -> Result<bool, Trouble> {
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
                    return Err(Trouble::Died { name, child, status });
                }
                Some(Event::Stop) | None => return Ok(true),
                Some(other) => self.tell_health(&other),
            }
        }
    }

    /// Starts a container and waits until it is healthy. False if the wish to end came first.
    fn start(&mut self, child: usize) -> Result<bool, Trouble> {
        let began = Instant::now();
        let name = self.name(child);
        let container = &self.plan.containers[child];
        let program = &self.plan.programs[container.package];
        let environment = self.environment(container);
        for (variable, value) in &environment {
            self.console.detail(format_args!("{name}: {variable}={value}"));
        }
        let sender = self.events.sender();
        let process =
            Process::spawn(program, container.command, &environment, child, &sender).map_err(|source| {
                Trouble::Start {
                    name,
                    program: program.clone(),
                    source,
                }
            })?;
        self.console
            .detail(format_args!("{name}: process {}", process.id()));
        if let Some(warden) = &mut self.plan.warden {
            warden.watch(process.id(), container.stop.timeout);
        }
        self.running[child] = Some(process);
        let patience = probe::patience(&container.health);
        self.probes.push(Probe::start(
            child,
            program,
            &container.health,
            environment,
            sender,
        ));
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
                    return Err(Trouble::NeverHealthy {
                        name,
                        child,
                        after: patience,
                        probe,
                    });
                }
                Some(Event::Ended { child: ended }) => {
                    let (name, status) = (self.name(ended), self.reap(ended)?);
                    return Err(if ended == child {
                        Trouble::DiedEarly { name, child, status }
                    } else {
                        Trouble::Died {
                            name,
                            child: ended,
                            status,
                        }
                    });
                }
                Some(Event::Stop) | None => return Ok(false),
                Some(other) => self.tell_health(&other),
            }
        }
    }

    /// Tells that a container's health has changed. A task whose container is unhealthy is replaced; here it stays, for
    /// somebody to look into it.
    fn tell_health(&self, event: &Event) {
        match event {
            Event::Unhealthy { child, probe } => {
                let name = self.name(*child);
                self.console.warn(format_args!(
                    "{name} is unhealthy, a task would be replaced now: {probe}"
                ));
            }
            Event::Healthy { child } => self
                .console
                .say(format_args!("{} is healthy again", self.name(*child))),
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
        self.console.data_line(format_args!(
            "\nPenguin School is open: {url}  (Ctrl-C closes it)\n"
        ))
    }

    /// Drains and stops what still runs, the last started first. True if patience ended before a program did.
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
                    // Output that cannot be printed does not keep us from stopping.
                    Some(Event::Line { child, text }) => drop(self.output.line(child, text)),
                    Some(Event::Ended { child: ended }) => drop(self.reap(ended)),
                    Some(Event::Stop) => {
                        forced = true;
                        self.kill_all();
                    }
                    None => {
                        let name = self.name(child);
                        self.console.warn(format_args!(
                            "{name} was not done after {} s: killed",
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

    fn reap(&mut self, child: usize) -> Result<ChildStatus, Trouble> {
        let name = self.name(child);
        let lost = |source| Trouble::Lost { name, source };
        let process = self.running[child]
            .take()
            .ok_or_else(|| lost(io::Error::other("it has ended twice")))?;
        if let Some(warden) = &mut self.plan.warden {
            warden.forget(process.id());
        }
        process.reap().map_err(lost)
    }

    fn environment(&self, container: &Container) -> Vec<(&'static str, String)> {
        container
            .environment
            .iter()
            .map(|variable| {
                let value = match &variable.value {
                    Value::Text(text) => text.clone(),
                    Value::PublicUrl => self.plan.public_url.clone(),
                };
                (variable.name, value)
            })
            .collect()
    }

    fn name(&self, child: usize) -> &'static str {
        self.plan.containers[child].name
    }

    /// The trouble with the last lines of whom it hit, and what to do about it where we know.
    fn explain(&self, trouble: Trouble) -> anyhow::Error {
        let mut message = trouble.to_string();
        let (child, status) = match &trouble {
            Trouble::DiedEarly { child, status, .. } | Trouble::Died { child, status, .. } => {
                (Some(*child), Some(*status))
            }
            Trouble::NeverHealthy { child, .. } => (Some(*child), None),
            Trouble::Start { .. } | Trouble::Lost { .. } | Trouble::Output(_) => (None, None),
        };
        for (number, line) in child
            .into_iter()
            .flat_map(|child| self.output.last_lines(child))
            .enumerate()
        {
            let heading = if number == 0 { "\n  its last lines:" } else { "" };
            let _ = write!(message, "{heading}\n    {line}");
        }
        let failure = Failure::failed(message);
        match trouble {
            Trouble::Start { source, .. } | Trouble::Lost { source, .. } => failure.caused_by(source).into(),
            // `infra local | head`: nobody is left to hear how it went.
            Trouble::Output(error) => error.into(),
            _ if status.and_then(|status| status.code()) == Some(REFUSED) => failure
                .hint("status 64: it refused its configuration or content; its last lines name the remedy")
                .into(),
            _ => failure.into(),
        }
    }
}
