//! How everything is, once or again and again: asks AWS about all stacks at the same time.
//!
//! What AWS does not tell of a service, for whatever reason, is said to be unknown; it is no reason to show nothing.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};

use super::Context;
use super::narrator::Display;
use super::together::Together;
use crate::aws::{Cloud, Fault, StackState};
use crate::daily::status::{
    Found, Latest, MOST_LINES, Part, ServiceStatus, StackStatus, Unknown, document, fitted, lines,
};
use crate::deploy::rollout::Evidence;
use crate::deploy::wanted::Wanted;
use crate::exit::ExitStatus;
use crate::stacks::URL_OUTPUT;

/// What to look at.
#[derive(Clone, Debug)]
pub struct Request {
    /// The stacks.
    pub stacks: Vec<Wanted>,
    /// SSM parameter with the latest release.
    pub tag_parameter: String,
    /// Look again after so long, until Ctrl-C.
    pub every: Option<Duration>,
}

/// How long AWS may be out of reach before watching is given up.
const PATIENCE: Duration = Duration::from_mins(10);

/// Shows the state of the stacks.
///
/// # Errors
/// AWS does not tell; while watching only if it does not for long.
pub async fn status(context: &Context<'_>, request: &Request) -> Result<ExitStatus> {
    let mut view = View { context, drawn: 0 };
    let mut lost_since = None;
    loop {
        let looked = tokio::select! {
            looked = look(context, request) => looked,
            _ = context.interrupts.beyond(0) => return Ok(left(request)),
        };
        match (looked, request.every) {
            (Ok(stacks), None) => {
                view.print(&stacks)?;
                if stacks.iter().all(|stack| stack.found.is_none()) {
                    context.console.hint(context.elsewhere());
                }
                return Ok(ExitStatus::Done);
            }
            (Ok(stacks), Some(_)) => {
                lost_since = None;
                view.show(&stacks)?;
            }
            (Err(fault), Some(_)) if fault.is_passing() => {
                let since = *lost_since.get_or_insert_with(SystemTime::now);
                if since.elapsed().unwrap_or_default() > PATIENCE {
                    return Err(fault.into());
                }
                context.console.detail(format!("{fault}; asking again"));
            }
            (Err(fault), _) => return Err(fault.into()),
        }
        tokio::select! {
            () = tokio::time::sleep(request.every.unwrap_or_default()) => {}
            _ = context.interrupts.beyond(0) => return Ok(left(request)),
        }
    }
}

/// Ctrl-C is the way out of watching; of a single look it is an interruption.
fn left(request: &Request) -> ExitStatus {
    match request.every {
        Some(_) => ExitStatus::Done,
        None => ExitStatus::Interrupted,
    }
}

/// One look at everything.
async fn look(context: &Context<'_>, request: &Request) -> Result<Vec<StackStatus>, Fault> {
    let mut looks = Together::new();
    for (index, wanted) in request.stacks.iter().enumerate() {
        looks.push(async move {
            let status = stack_status(context, request, wanted).await?;
            Ok::<_, Fault>((index, status))
        });
    }
    let mut found = Vec::new();
    while let Some(status) = looks.next().await {
        found.push(status?);
    }
    found.sort_by_key(|(index, _)| *index);
    Ok(found.into_iter().map(|(_, status)| status).collect())
}

async fn stack_status(
    context: &Context<'_>,
    request: &Request,
    wanted: &Wanted,
) -> Result<StackStatus, Fault> {
    let cloud = context.cloud(wanted.region.as_deref())?;
    let state = cloud.stack(&wanted.name).await?;
    let service = match &state {
        Some(state) if wanted.runs_service() => Some(service_status(cloud, request, wanted, state).await),
        None if wanted.runs_service() => Some(ServiceStatus::default()),
        _ => None,
    };
    Ok(StackStatus {
        name: wanted.name.clone(),
        environment: wanted.environment.clone(),
        found: state.map(|state| Found {
            status: state.status,
            since: state.changed,
            reason: state.reason.filter(|reason| !reason.is_empty()),
        }),
        service,
    })
}

async fn service_status(
    cloud: &Cloud,
    request: &Request,
    wanted: &Wanted,
    state: &StackState,
) -> ServiceStatus {
    let mut status = ServiceStatus {
        release: wanted
            .release_parameter
            .as_ref()
            .and_then(|key| state.parameter(key).map(ToOwned::to_owned)),
        url: state.output(URL_OUTPUT).map(ToOwned::to_owned),
        ..ServiceStatus::default()
    };
    let mut unknown = Vec::new();
    let latest = cloud
        .parameter(&request.tag_parameter)
        .await
        .map(|tag| tag.map_or(Latest::None, Latest::Is));
    status.latest = known(Part::Latest, latest, &mut unknown);
    let resources = known(Part::Resources, cloud.resources(&state.id).await, &mut unknown);
    let of_type = |kind: &str| -> Vec<String> {
        resources
            .iter()
            .filter(|(_, found, physical)| found == kind && !physical.is_empty())
            .map(|(.., physical)| physical.clone())
            .collect()
    };
    if let Some(service) = of_type("AWS::ECS::Service").first() {
        let mut evidence = Evidence::default();
        let gathered = cloud
            .gather_evidence(service, SystemTime::UNIX_EPOCH, &mut evidence)
            .await;
        // The rollout is asked for first; what fails once that is there are the tasks that died.
        let part = if evidence.rollout.is_some() {
            Part::Stopped
        } else {
            Part::Service
        };
        known(part, gathered, &mut unknown);
        status.stopped = evidence.tasks().to_vec();
        status.rollout = evidence.rollout;
        status.tasks = known(Part::Tasks, cloud.running_tasks(service).await, &mut unknown);
    }
    let alarms = of_type("AWS::CloudWatch::Alarm");
    if !alarms.is_empty() {
        status.alarms = known(Part::Alarms, cloud.ringing(&alarms).await, &mut unknown);
    }
    status.unknown = unknown;
    status
}

/// The answer, or nothing and why there is none.
fn known<T: Default>(part: Part, answer: Result<T, Fault>, unknown: &mut Vec<Unknown>) -> T {
    answer.unwrap_or_else(|fault| {
        let why = match fault {
            // AWS' own words on it name principals and policies, and are long.
            Fault::Denied { operation, .. } => format!("{operation} is not allowed"),
            fault => fault.to_string(),
        };
        unknown.push(Unknown { part, why });
        T::default()
    })
}

/// Where the state is shown.
struct View<'a> {
    context: &'a Context<'a>,
    drawn: usize,
}

impl View<'_> {
    /// All of it, once.
    fn print(&self, stacks: &[StackStatus]) -> Result<()> {
        let console = self.context.console;
        let text = if console.json() {
            format!("{:#}\n", document(stacks))
        } else {
            lines(stacks, SystemTime::now(), console.paint_out()).join("\n") + "\n"
        };
        console.data(text).context("cannot print the status")
    }

    /// In place on a terminal, else one after the other.
    fn show(&mut self, stacks: &[StackStatus]) -> Result<()> {
        let console = self.context.console;
        match Display::of(console) {
            Display::Json => console
                .data_line(document(stacks))
                .context("cannot print the status"),
            Display::Lines => {
                self.print(stacks)?;
                console.data("\n").context("cannot print the status")
            }
            Display::Live => {
                let lines = fitted(lines(stacks, SystemTime::now(), console.paint_err()), MOST_LINES);
                let mut text = String::new();
                if self.drawn > 0 {
                    // Back to the first line, then everything below it away.
                    let _ = write!(text, "\x1b[{}A\x1b[J", self.drawn);
                }
                text.push_str(&lines.join("\n"));
                text.push('\n');
                console.write_err(text);
                self.drawn = lines.len();
                Ok(())
            }
        }
    }
}
