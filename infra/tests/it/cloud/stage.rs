//! Runs an operation against a stand-in and writes down the whole session: what was said, what was data, the code.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use infra::aws::{Access, Fault};
use infra::console::{Console, Options};
use infra::deploy::wanted::Wanted;
use infra::exit::ExitStatus;
use infra::operation::{Context, Display, Interrupts, deploy, destroy};

use super::formation::{Formation, Step, change, step};
use super::wire::{Answer, Call, Server};

const CLUSTER: &str = "AWS::ECS::Cluster";

/// A stand-in whose state the test can look at.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) formation: Arc<Mutex<Formation>>,
}

impl Stage {
    /// A stand-in for CloudFormation alone.
    pub(crate) fn new(formation: Formation) -> Self {
        Self::with(formation, |_| None)
    }

    /// A stand-in that asks `other` first: about the calls to other services, and those that are to go wrong.
    pub(crate) fn with(
        formation: Formation,
        mut other: impl FnMut(&Call) -> Option<Answer> + Send + 'static,
    ) -> Self {
        let formation = Arc::new(Mutex::new(formation));
        let shared = Arc::clone(&formation);
        let server = Server::start(move |call| {
            let mut formation = shared.lock().unwrap_or_else(PoisonError::into_inner);
            other(call).or_else(|| formation.answer(call))
        });
        Self { server, formation }
    }

    /// The state of things.
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

/// How a session goes.
pub(crate) struct Session<'a> {
    pub(crate) stacks: Vec<Wanted>,
    /// What the person types; `None` is a script.
    pub(crate) answers: Option<&'a str>,
    pub(crate) yes: bool,
    pub(crate) json: bool,
    pub(crate) release: Option<String>,
    /// `destroy --force`.
    pub(crate) force: bool,
    /// Presses of Ctrl-C: each is made when the operation has been called so often.
    pub(crate) interrupt_after: Vec<(&'static str, usize)>,
}

impl Default for Session<'_> {
    fn default() -> Self {
        Self {
            stacks: vec![wanted("DevCluster", &[])],
            answers: None,
            yes: true,
            json: false,
            release: None,
            force: false,
            interrupt_after: Vec::new(),
        }
    }
}

/// What to do.
#[derive(Clone, Copy)]
pub(crate) enum Verb {
    Deploy,
    Destroy,
}

impl Session<'_> {
    /// Runs it and writes it down.
    pub(crate) fn run(self, verb: Verb, stage: &Stage) -> String {
        let person = Person {
            answers: self.answers,
            yes: self.yes,
            json: self.json,
            interrupt_after: self.interrupt_after,
        };
        let (stacks, release, force) = (self.stacks, self.release, self.force);
        person.does(stage, &stacks.clone(), async |context| match verb {
            Verb::Deploy => {
                let request = deploy::Request {
                    stacks,
                    release,
                    ..deploy::Request::default()
                };
                deploy::deploy(context, &request).await
            }
            Verb::Destroy => {
                let request = destroy::Request {
                    all: stacks.clone(),
                    stacks,
                    force,
                };
                destroy::destroy(context, &request).await
            }
        })
    }
}

/// Somebody in front of the tool, or a script.
#[derive(Default)]
pub(crate) struct Person<'a> {
    /// What the person types; `None` is a script.
    pub(crate) answers: Option<&'a str>,
    pub(crate) yes: bool,
    pub(crate) json: bool,
    /// Presses of Ctrl-C: each is made when the operation has been called so often.
    pub(crate) interrupt_after: Vec<(&'static str, usize)>,
}

impl Person<'_> {
    /// Has `work` done and writes down what was said, what was data, and the exit code.
    pub(crate) fn does(
        self,
        stage: &Stage,
        stacks: &[Wanted],
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
        let result = runtime.block_on(async {
            let thumb = async {
                for (operation, times) in &self.interrupt_after {
                    while stage.server.count(operation) < *times {
                        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    }
                    presses.send_modify(|count| *count += 1);
                }
                std::future::pending::<()>().await;
            };
            let work = async {
                let access = Access::stand_in(&stage.server.endpoint, "eu-west-1");
                let display = if self.json { Display::Json } else { Display::Lines };
                let context = Context::open(&access, stacks, &console, display, interrupts, self.yes).await?;
                work(&context).await
            };
            tokio::select! {
                result = work => result,
                () = thumb => unreachable!("it goes on pressing"),
            }
        });
        let code = match result {
            Ok(status) => status,
            Err(error) => {
                console.error(&error);
                let fault = error.chain().find_map(|cause| cause.downcast_ref::<Fault>());
                for hint in fault.map(Fault::hints).unwrap_or_default() {
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
pub(crate) fn wanted(name: &str, needs: &[&str]) -> Wanted {
    Wanted {
        name: name.into(),
        environment: Some("dev".into()),
        region: None,
        account: None,
        body: r#"{"Resources":{"Cluster":{"Type":"AWS::ECS::Cluster"}}}"#.into(),
        tags: vec![("project".into(), "penguin".into())],
        depends_on: needs.iter().map(|need| (*need).to_owned()).collect(),
        termination_protection: false,
        release_parameter: None,
    }
}

/// A CloudFormation in which `DevCluster` can be created.
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

/// One in which `DevCluster` is there and an update of it takes `path`.
pub(crate) fn updatable(path: Vec<Step>) -> Formation {
    let mut formation = Formation::default();
    formation.stack("DevCluster", "CREATE_COMPLETE");
    formation
        .changes
        .insert("DevCluster".into(), change("Modify", "Cluster", CLUSTER, "False"));
    formation.on_execute.insert("DevCluster".into(), path);
    formation
}

/// The session without what differs from run to run: clocks, and the name of the run.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    // The person's Enter ends the line of the question.
    let text = text
        .replace("[y/N] ", "[y/N]\n")
        .replace("to go on: ", "to go on:\n");
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

/// The line with what stands between `before` and `end` replaced by `…`.
fn mask(line: &str, before: &str, end: char) -> String {
    match line.split_once(before) {
        Some((head, rest)) => match rest.split_once(end) {
            Some((_, tail)) => format!("{head}{before}…{end}{tail}"),
            None => line.to_owned(),
        },
        None => line.to_owned(),
    }
}

/// The line without points in time of this very run: those of programs, as `2026-11-24T10:12:00Z`.
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
