//! Stack and service status, once or repeatedly. Reads all stacks concurrently.
//!
//! Parts that AWS does not return are reported as unknown.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;

use super::Context;
use super::certificate;
use super::reporter::Display;
use crate::aws::{AwsError, Cloud, StackState};
use crate::deployment::rollout::Evidence;
use crate::deployment::stack_spec::StackSpec;
use crate::exit::ExitStatus;
use crate::report::service_status::{MOST_LINES, fitted, lines};
use crate::service_status::links::{Link, links};
use crate::service_status::{Found, Latest, Part, ServiceStatus, StackStatus, Unknown, document};
use crate::stacks::URL_OUTPUT;

/// Input.
#[derive(Clone, Debug)]
pub struct Request {
    /// The stacks.
    pub stacks: Vec<StackSpec>,
    /// SSM parameter with the latest release.
    pub tag_parameter: String,
    /// Whether to add links to the console.
    pub links: bool,
    /// Refresh interval, until Ctrl-C.
    pub every: Option<Duration>,
}

/// Longest outage of AWS tolerated while watching.
const PATIENCE: Duration = Duration::from_mins(10);

/// Prints the status.
///
/// # Errors
/// If AWS cannot be read; while watching, only after a longer outage.
pub async fn status(context: &Context<'_>, request: &Request) -> Result<ExitStatus> {
    let _handling = context.interrupts.handle();
    let mut lost_since = None;
    loop {
        let looked = tokio::select! {
            looked = look(context, request) => looked,
            _ = context.interrupts.beyond(0) => return Ok(left(context, request)),
        };
        match (looked, request.every) {
            (Ok(stacks), None) => {
                context.print_status(&stacks)?;
                for wait in stacks.iter().filter_map(|stack| stack.wait.as_ref()) {
                    context.console.warn(wait);
                }
                if stacks.iter().all(|stack| stack.found.is_none()) {
                    context.console.hint(context.elsewhere());
                }
                return Ok(ExitStatus::Done);
            }
            (Ok(stacks), Some(_)) => {
                lost_since = None;
                context.show_status(&stacks)?;
            }
            (Err(error), Some(_)) if error.is_passing() => {
                let since = *lost_since.get_or_insert_with(SystemTime::now);
                if since.elapsed().unwrap_or_default() > PATIENCE {
                    return Err(error.into());
                }
                context.console.detail(format!("{error}; retrying"));
            }
            (Err(error), _) => return Err(error.into()),
        }
        tokio::select! {
            () = tokio::time::sleep(request.every.unwrap_or_default()) => {}
            _ = context.interrupts.beyond(0) => return Ok(left(context, request)),
        }
    }
}

/// Ctrl-C is the normal end of watching, and an interruption otherwise.
fn left(context: &Context<'_>, request: &Request) -> ExitStatus {
    context.console.keep_live_lines();
    match request.every {
        Some(_) => ExitStatus::Done,
        None => ExitStatus::Interrupted,
    }
}

/// Reads the status once.
async fn look(context: &Context<'_>, request: &Request) -> Result<Vec<StackStatus>, AwsError> {
    try_join_all(
        request
            .stacks
            .iter()
            .map(|spec| stack_status(context, request, spec)),
    )
    .await
}

async fn stack_status(
    context: &Context<'_>,
    request: &Request,
    spec: &StackSpec,
) -> Result<StackStatus, AwsError> {
    let cloud = context.cloud(spec.region.as_deref())?;
    let state = cloud.stack(&spec.name).await?;
    let wait = match &state {
        Some(state) if request.every.is_none() => certificate::wait(cloud, &spec.name, state).await?,
        _ => None,
    };
    let service = match &state {
        Some(state) if spec.runs_service() => Some(service_status(cloud, request, spec, state).await),
        None if spec.runs_service() => Some(ServiceStatus::default()),
        _ => None,
    };
    Ok(StackStatus {
        name: spec.name.clone(),
        environment: spec.environment.clone(),
        found: state.map(|state| Found {
            status: state.status,
            since: state.changed,
            reason: state.reason.filter(|reason| !reason.is_empty()),
        }),
        service,
        wait,
    })
}

async fn service_status(
    cloud: &Cloud,
    request: &Request,
    spec: &StackSpec,
    state: &StackState,
) -> ServiceStatus {
    let mut status = ServiceStatus {
        release: spec
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
        // Deployments are read first; stopped tasks may fail separately.
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
    if request.links {
        // Those that are deployed.
        let deployed = |link: &Link| resources.iter().any(|(id, ..)| *id == link.resource);
        let template = serde_json::from_str(&spec.body).unwrap_or_default();
        status.links = links(&template, cloud.region())
            .into_iter()
            .filter(deployed)
            .collect();
    }
    let alarms = of_type("AWS::CloudWatch::Alarm");
    if !alarms.is_empty() {
        status.alarms = known(Part::Alarms, cloud.ringing(&alarms).await, &mut unknown);
    }
    status.unknown = unknown;
    status
}

/// Returns the value, or records why it is unknown.
fn known<T: Default>(part: Part, response: Result<T, AwsError>, unknown: &mut Vec<Unknown>) -> T {
    response.unwrap_or_else(|error| {
        let why = match error {
            // AWS's message contains principals and policies, and is long.
            AwsError::Denied { operation, .. } => format!("{operation} is not allowed"),
            error => error.to_string(),
        };
        unknown.push(Unknown { part, why });
        T::default()
    })
}

impl Context<'_> {
    /// Prints the status once.
    fn print_status(&self, stacks: &[StackStatus]) -> Result<()> {
        let console = self.console;
        let text = if console.json() {
            format!("{:#}\n", document(stacks))
        } else {
            lines(stacks, SystemTime::now(), console.paint_out()).join("\n") + "\n"
        };
        console.data(text).context("cannot print the status")
    }

    /// Redraws in place on a terminal, else appends.
    fn show_status(&self, stacks: &[StackStatus]) -> Result<()> {
        let console = self.console;
        match Display::of(console) {
            Display::Json => console
                .data_line(document(stacks))
                .context("cannot print the status"),
            Display::Lines => {
                self.print_status(stacks)?;
                console.data("\n").context("cannot print the status")
            }
            Display::Live => {
                let lines = lines(stacks, SystemTime::now(), console.paint_err());
                console.draw_live_lines(&fitted(lines, MOST_LINES));
                Ok(())
            }
        }
    }
}
