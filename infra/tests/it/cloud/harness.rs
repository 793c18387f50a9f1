//! Runs an operation against a mock and records stderr, stdout and exit code.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use infra::aws::{Access, AwsError};
use infra::console::{Console, Options};
use infra::deployment::stack_spec::StackSpec;
use infra::exit::ExitStatus;
use infra::workflows::{Context, Display, Interrupts, deploy, destroy};

use super::formation::{Formation, Step, change, step};
use super::wire::{Call, Response, Server};

const CLUSTER: &str = "AWS::ECS::Cluster";

/// A mock whose state the test can read.
pub(crate) struct Harness {
    pub(crate) server: Server,
    pub(crate) formation: Arc<Mutex<Formation>>,
}

impl Harness {
    /// A mock of CloudFormation alone.
    pub(crate) fn new(formation: Formation) -> Self {
        Self::with(formation, |_| None)
    }

    /// A mock that calls `other` first, for other services and injected errors.
    pub(crate) fn with(
        formation: Formation,
        mut other: impl FnMut(&Call) -> Option<Response> + Send + 'static,
    ) -> Self {
        let formation = Arc::new(Mutex::new(formation));
        let shared = Arc::clone(&formation);
        let server = Server::start(move |call| {
            let mut formation = shared.lock().unwrap_or_else(PoisonError::into_inner);
            other(call).or_else(|| formation.respond(call))
        });
        Self { server, formation }
    }

    /// The state.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&mut Formation) -> T) -> T {
        at(&mut self.formation.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The status of a stack, or `absent`.
    pub(crate) fn status(&self, name: &str) -> String {
        self.look(|formation| {
            formation
                .stacks
                .get(name)
                .map_or("absent".to_owned(), |stack| stack.status.clone())
        })
    }
}

/// Parameters of a session.
pub(crate) struct Session<'a> {
    pub(crate) stacks: Vec<StackSpec>,
    /// Stacks of the settings that are not targets.
    pub(crate) others: Vec<StackSpec>,
    /// Typed input; `None` without a terminal.
    pub(crate) answers: Option<&'a str>,
    pub(crate) yes: bool,
    pub(crate) json: bool,
    pub(crate) release: Option<String>,
    /// `destroy --force`.
    pub(crate) force: bool,
    /// Presses of Ctrl-C: each comes at this call of the operation, counted from 1, before the answer; 0 is the start.
    pub(crate) interrupt_after: Vec<(&'static str, usize)>,
}

impl Default for Session<'_> {
    fn default() -> Self {
        Self {
            stacks: vec![spec("DevCluster", &[])],
            others: Vec::new(),
            answers: None,
            yes: true,
            json: false,
            release: None,
            force: false,
            interrupt_after: Vec::new(),
        }
    }
}

/// The operation.
#[derive(Clone, Copy)]
pub(crate) enum Verb {
    Deploy,
    /// `deploy --no-execute`.
    Review,
    Destroy,
}

impl<'a> Session<'a> {
    /// A person who types this.
    pub(crate) fn typing(answers: &'a str) -> Self {
        Self {
            answers: Some(answers),
            yes: false,
            ..Self::default()
        }
    }

    /// Runs and records it.
    pub(crate) fn run(self, verb: Verb, harness: &Harness) -> String {
        let person = Person {
            answers: self.answers,
            yes: self.yes,
            json: self.json,
            interrupt_after: self.interrupt_after,
        };
        let (stacks, others, release, force) = (self.stacks, self.others, self.release, self.force);
        person.does(harness, &stacks.clone(), async |context| match verb {
            Verb::Deploy | Verb::Review => {
                let request = deploy::Request {
                    stacks,
                    release,
                    no_execute: matches!(verb, Verb::Review),
                    ..deploy::Request::default()
                };
                deploy::deploy(context, &request).await
            }
            Verb::Destroy => {
                let request = destroy::Request {
                    all: stacks.iter().cloned().chain(others).collect(),
                    stacks,
                    force,
                };
                destroy::destroy(context, &request).await
            }
        })
    }
}

/// A user at a terminal, or a script.
#[derive(Default)]
pub(crate) struct Person<'a> {
    /// Typed input; `None` without a terminal.
    pub(crate) answers: Option<&'a str>,
    pub(crate) yes: bool,
    pub(crate) json: bool,
    /// Presses of Ctrl-C: each comes at this call of the operation, counted from 1, before the answer; 0 is the start.
    pub(crate) interrupt_after: Vec<(&'static str, usize)>,
}

impl Person<'_> {
    /// Runs `work` and records stderr, stdout and exit code.
    pub(crate) fn does(
        self,
        harness: &Harness,
        stacks: &[StackSpec],
        work: impl AsyncFnOnce(&Context<'_>) -> anyhow::Result<ExitStatus>,
    ) -> String {
        let options = Options {
            json: self.json,
            ..Options::default()
        };
        let (console, said) = Console::recording(&options, self.answers);
        let (presses, interrupts) = Interrupts::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        // The server presses, so that the program meets the press at the same call in every run.
        let mut awaited = VecDeque::from(self.interrupt_after);
        harness.server.observe(move |calls| {
            let met = |&(operation, times): &(&str, usize)| {
                calls.iter().filter(|call| call.operation == operation).count() >= times
            };
            while awaited.front().is_some_and(met) {
                awaited.pop_front();
                presses.send_modify(|count| *count += 1);
            }
        });
        let run = async {
            let access = Access::mock(&harness.server.endpoint, "eu-west-1");
            let display = if self.json { Display::Json } else { Display::Lines };
            let interrupts = interrupts.clone();
            let context = Context::open(&access, stacks, &console, display, interrupts, self.yes).await?;
            work(&context).await
        };
        let result = runtime.block_on(interrupts.run(run));
        let code = match result {
            Ok(status) => status,
            Err(error) => {
                console.error(&error);
                let aws = error.chain().find_map(|cause| cause.downcast_ref::<AwsError>());
                for hint in aws.map(AwsError::hints).unwrap_or_default() {
                    console.hint(hint);
                }
                ExitStatus::of(&error)
            }
        };
        let mut text = steady(&said.err());
        if !said.out().is_empty() {
            text.push_str("--- stdout\n");
            text.push_str(&steady(&said.out()));
        }
        let _ = writeln!(text, "--- exit code {}", code.code());
        text
    }
}

/// A stack of one resource.
pub(crate) fn spec(name: &str, needs: &[&str]) -> StackSpec {
    StackSpec {
        name: name.into(),
        environment: Some("dev".into()),
        region: None,
        account: None,
        body: r#"{"Resources":{"Cluster":{"Type":"AWS::ECS::Cluster"}}}"#.into(),
        tags: vec![("project".into(), "penguin-school".into())],
        depends_on: needs.iter().map(|need| (*need).to_owned()).collect(),
        termination_protection: false,
        release_parameter: None,
        is_before_release: false,
        before: None,
        zone_parameters: Vec::new(),
        parameters: Vec::new(),
    }
}

/// CloudFormation in which `DevCluster` can be created.
pub(crate) fn creatable() -> Formation {
    let mut formation = Formation::default();
    formation
        .changes
        .insert("DevCluster".into(), change("Add", "Cluster", CLUSTER, ""));
    formation.on_execute.insert(
        "DevCluster".into(),
        vec![
            step("CREATE_IN_PROGRESS"),
            step("CREATE_IN_PROGRESS").with("Cluster", CLUSTER, "CREATE_IN_PROGRESS", ""),
            step("CREATE_COMPLETE").with("Cluster", CLUSTER, "CREATE_COMPLETE", ""),
        ],
    );
    formation
}

/// CloudFormation in which `DevCluster` exists and its update takes `path`.
pub(crate) fn updatable(path: Vec<Step>) -> Formation {
    let mut formation = Formation::default();
    formation.stack("DevCluster", "CREATE_COMPLETE");
    formation
        .changes
        .insert("DevCluster".into(), change("Modify", "Cluster", CLUSTER, "False"));
    formation.on_execute.insert("DevCluster".into(), path);
    formation
}

/// Masks clocks and run ids.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    // Enter ends the line of the question.
    let text = text
        .replace("[y/N] ", "[y/N]\n")
        .replace("to confirm: ", "to confirm:\n");
    for line in text.lines() {
        let trimmed = line.trim_start();
        let clock = trimmed.split("  ").next().unwrap_or_default();
        let is_clock = clock.contains(':') && clock.chars().all(|c| c.is_ascii_digit() || c == ':');
        let line = if is_clock {
            format!("m:ss{}", &trimmed[clock.len()..])
        } else {
            line.to_owned()
        };
        let line = line
            .split(" after ")
            .enumerate()
            .map(|(index, part)| {
                let number = part.split(' ').next().unwrap_or_default();
                if index > 0 && number.parse::<u64>().is_ok() {
                    part.replacen(number, "N", 1)
                } else {
                    part.to_owned()
                }
            })
            .collect::<Vec<_>>()
            .join(" after ");
        let line = mask(&mask(&line, "\"at\":\"", '"'), "\"seconds\":", ',');
        let line = today(&line);
        steady.push_str(line.trim_end());
        steady.push('\n');
    }
    steady
}

/// Replaces the text between `before` and `end` by `…`.
fn mask(line: &str, before: &str, end: char) -> String {
    match line.split_once(before) {
        Some((head, rest)) => match rest.split_once(end) {
            Some((_, tail)) => format!("{head}{before}…{end}{tail}"),
            None => line.to_owned(),
        },
        None => line.to_owned(),
    }
}

/// Masks RFC 3339 times of this run.
fn today(line: &str) -> String {
    let days = (0..4).map(|days| std::time::SystemTime::now() - std::time::Duration::from_hours(24 * days));
    let dates: Vec<_> = days
        .map(|day| humantime::format_rfc3339_seconds(day).to_string()[..11].to_owned())
        .collect();
    let mut line = line.to_owned();
    for date in dates {
        while let Some(at) = line.find(&date) {
            let end = line[at..].find('Z').map_or(line.len(), |end| at + end + 1);
            line.replace_range(at..end, "…");
        }
    }
    line
}
