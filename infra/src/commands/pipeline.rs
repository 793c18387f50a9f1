//! `infra pipeline`: shows, starts, approves and rejects pipeline runs.

use anyhow::Result;

use super::{session, settings};
use crate::cli::{Global, PipelineDecision, PipelineName, PipelineVerb};
use crate::console::Console;
use crate::deployment::stack_spec::StackSpec;
use crate::exit::{ExitStatus, Failure};
use crate::settings::{EnvironmentName, Settings, SourceAccess};
use crate::stacks::{Names, RELEASE_LATEST, RELEASE_VARIABLE, StackKind};
use crate::workflows::pipelines::{self, Connection, Pipeline, Places, Verdict};

/// Work to do after sign-in.
enum Task<'a> {
    Status,
    Start(Option<&'a str>),
    Decide(Verdict),
}

/// Runs a `pipeline` verb.
pub(super) fn run(verb: &PipelineVerb, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (only, yes, task) = match verb {
        PipelineVerb::Status(arguments) => (arguments.pipeline, false, Task::Status),
        PipelineVerb::Start(arguments) => {
            if arguments.pipeline == PipelineName::Dev && arguments.image_tag.is_some() {
                return Err(Failure::new(
                    ExitStatus::Usage,
                    "the dev pipeline takes no `--image-tag`: it tags images with the newest commit of its branch",
                )
                .hint("`infra deploy dev --image-tag TAG` deploys an existing tag to dev")
                .into());
            }
            (
                Some(arguments.pipeline),
                false,
                Task::Start(arguments.image_tag.as_deref()),
            )
        }
        PipelineVerb::Approve(arguments) => (None, arguments.yes, verdict(true, arguments)),
        PipelineVerb::Reject(arguments) => {
            (None, arguments.decision.yes, verdict(false, &arguments.decision))
        }
    };
    let (settings, graph) = settings::graph(global)?;
    let stacks: Vec<StackSpec> = graph
        .stacks()
        .iter()
        .filter(|stack| matches!(stack.kind, StackKind::DevPipeline | StackKind::ReleasePipeline))
        .map(session::stack_spec)
        .collect();
    let app_stacks = EnvironmentName::ALL
        .into_iter()
        .flat_map(|name| graph.before_release(name).into_iter().chain(graph.app(name)))
        .map(|stack| stack.name.clone())
        .collect();
    let places = places(&settings, only, app_stacks);
    session::connect(global, &stacks, console, yes, async |context| match task {
        Task::Status => pipelines::status(context, &places).await,
        Task::Start(tag) => pipelines::start(context, &places, tag).await,
        Task::Decide(verdict) => pipelines::decide(context, &places, &verdict).await,
    })
}

fn verdict(approve: bool, arguments: &PipelineDecision) -> Task<'static> {
    Task::Decide(Verdict {
        approve,
        comment: arguments.comment.clone(),
    })
}

fn places(settings: &Settings, only: Option<PipelineName>, stacks: Vec<String>) -> Places {
    let names = Names::new(&settings.project);
    let dev = (PipelineName::Dev, "dev", names.dev_pipeline_name());
    let release = (PipelineName::Release, "release", names.release_pipeline_name());
    Places {
        region: settings.project.region.clone(),
        pipelines: [dev, release]
            .into_iter()
            .filter(|(name, ..)| only.is_none_or(|only| only == *name))
            .map(|(_, which, name)| Pipeline { which, name })
            .collect(),
        connection: connection(settings),
        variable: RELEASE_VARIABLE.to_owned(),
        latest: RELEASE_LATEST.to_owned(),
        tag_parameter: settings.release.image_tag_parameter.clone(),
        repositories: session::repositories(settings),
        stacks,
    }
}

/// Returns how the pipelines access the source repository.
pub(super) fn connection(settings: &Settings) -> Connection {
    match &settings.source.access {
        SourceAccess::NewConnection => {
            Connection::Parameter(Names::new(&settings.project).shared_parameter("connection-arn"))
        }
        SourceAccess::Connection { arn } => Connection::Arn(arn.clone()),
        SourceAccess::Token { .. } => Connection::None,
    }
}
