//! One-off tasks: start, follow, exit with the command's exit code.

mod following;

use std::time::Duration;

use anyhow::Result;

use super::Context;
use super::app_resources::AppResources;
use crate::aws::{AwsError, Cloud, OneOff};
use crate::deployment::condition::Condition;
use crate::deployment::one_off::{RunDefinition, TaskNetwork};
use crate::deployment::ownership::must_be_ours;
use crate::deployment::stack_spec::StackSpec;
use crate::exit::{ExitStatus, Failure};
use crate::logs::clean;
use crate::releases::tag::short;

use following::Task;

/// Input.
#[derive(Clone, Debug)]
pub struct Request {
    /// Environment as typed.
    pub environment: String,
    /// Its app stack.
    pub stack: StackSpec,
    /// Stack with the task definition, if it is not the app stack.
    pub definition_in: Option<String>,
    /// Command with arguments.
    pub command: Vec<String>,
    /// Time after which the task is stopped.
    pub timeout: Option<Duration>,
    /// Option or setting that sets it.
    pub timeout_name: &'static str,
    /// Waiting times.
    pub tempo: Tempo,
}

/// Waiting times while following a task.
#[derive(Clone, Copy, Debug)]
pub struct Tempo {
    /// Between two looks at the task and its log.
    pub every: Duration,
    /// How long no line may come after the end, before the log counts as complete.
    pub quiet: Duration,
    /// How long a log stream may take to appear after the end.
    pub absent: Duration,
    /// Longest outage of AWS tolerated.
    pub patience: Duration,
}

impl Default for Tempo {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(1),
            // CloudWatch shows lines within some seconds.
            quiet: Duration::from_secs(3),
            absent: Duration::from_secs(15),
            patience: Duration::from_mins(10),
        }
    }
}

/// What the task of an environment needs.
struct Place {
    cluster: String,
    definition: RunDefinition,
    network: TaskNetwork,
}

/// Runs the command in a task of its own and returns its exit code.
///
/// # Errors
/// With [`ExitStatus::NOT_RUN`]: no such environment, ECS cannot start the task, or its end is unknown. With the command's
/// exit code, unless it is 0.
pub async fn run(context: &Context<'_>, request: &Request) -> Result<ExitStatus> {
    let _handling = context.interrupts.handle();
    let cloud = context.cloud(request.stack.region.as_deref())?;
    let place = tokio::select! {
        place = place(context, cloud, request) => place?,
        _ = context.interrupts.beyond(0) => return Ok(ExitStatus::Interrupted),
    };
    context.info(format!(
        "Running in {} (release {}): {}",
        request.environment,
        short(&place.definition.release),
        quoted(&request.command)
    ));
    let started = cloud
        .run_task(OneOff {
            cluster: &place.cluster,
            definition: &place.definition,
            network: &place.network,
            command: &request.command,
            token: &context.token(),
        })
        .await
        .map_err(|error| not_run("cannot start the task", &error))?;
    let arn = started.map_err(|why| {
        let failure = Failure::new(ExitStatus::NOT_RUN, format!("ECS cannot start the task: {why}"));
        if why.to_lowercase().contains("capacity") {
            failure.hint("Fargate has no capacity at the moment: run the command again in some minutes")
        } else {
            failure
        }
    })?;
    Task::new(context, cloud, request, &place, arn).follow().await
}

async fn place(context: &Context<'_>, cloud: &Cloud, request: &Request) -> Result<Place> {
    let (environment, stack) = (&request.environment, &request.stack.name);
    let unknown = |error: AwsError| not_run("cannot read the environment", &error);
    let missing = |what: String| {
        let failure = Failure::new(ExitStatus::NOT_RUN, what);
        failure.hint(format!(
            "see `infra status {environment}`; `infra deploy {environment}` creates it"
        ))
    };
    let state = cloud.stack(stack).await.map_err(unknown)?;
    let Some(state) = state.filter(|state| {
        !matches!(
            Condition::of(&state.status),
            Condition::Absent | Condition::Review
        )
    }) else {
        return Err(missing(format!(
            "{environment} is not deployed: there is no stack {stack}"
        ))
        .hint(context.elsewhere())
        .into());
    };
    must_be_ours(stack, &request.stack, &state.tags)
        .map_err(|failure| failure.exits_with(ExitStatus::NOT_RUN))?;
    let found = AppResources::of(&cloud.resources(&state.id).await.map_err(unknown)?);
    let Some(service) = found.service else {
        return Err(missing(format!("{stack} has no service: its status is {}", state.status)).into());
    };
    let definition = match &request.definition_in {
        None => found.run_definition,
        Some(other) => AppResources::of(&cloud.resources(other).await.map_err(unknown)?).run_definition,
    };
    let Some(definition) = definition else {
        return Err(Failure::new(
            ExitStatus::NOT_RUN,
            format!(
                "{} has no task definition for one-off tasks: an earlier version of infra deployed it",
                request.definition_in.as_ref().unwrap_or(stack)
            ),
        )
        .hint(format!(
            "deploy it again: `infra deploy clusters`, then `infra deploy {environment}`"
        ))
        .into());
    };
    let read = cloud.run_definition(&definition).await.map_err(unknown)?;
    let network = cloud.task_network(&service).await.map_err(unknown)?;
    let cluster = service.rsplit('/').nth(1).unwrap_or_default().to_owned();
    match (read, network) {
        (Some(definition), Some(network)) => Ok(Place {
            cluster,
            definition,
            network,
        }),
        (None, _) => Err(missing(format!("{definition} has no container with a log")).into()),
        (_, None) => Err(missing(format!("the service of {stack} does not exist: {service}")).into()),
    }
}

/// Returns the failure of a call before or after the command ran, with the call's own hints.
fn not_run(what: &str, error: &AwsError) -> Failure {
    let failure = Failure::new(ExitStatus::NOT_RUN, format!("{what}: {error}"));
    failure.caused_by(error.clone())
}

/// Returns a command for messages.
pub(super) fn quoted(command: &[String]) -> String {
    let words: Vec<_> = command.iter().map(|word| shown(word)).collect();
    words.join(" ")
}

/// Quotes a word of a command for messages, if a shell would need it.
fn shown(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@%+".contains(c);
    let word = clean(word);
    if !word.is_empty() && word.chars().all(plain) {
        word
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
