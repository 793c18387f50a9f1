//! `infra pipeline`: where a release is, starting one, approving or rejecting it.

use anyhow::Result;

use super::{cloud, settings};
use crate::cli::{Global, PipelineAnswer, PipelineName, PipelineVerb};
use crate::console::Console;
use crate::deploy::wanted::Wanted;
use crate::exit::{ExitStatus, Failure};
use crate::operation::pipelines::{self, Connection, Pipeline, Places, Verdict};
use crate::settings::{Settings, SourceAccess};
use crate::stacks::{Names, RELEASE_VARIABLE, StackKind};

/// What to do, once we are signed in.
enum Task<'a> {
    Status,
    Start(Option<&'a str>),
    Answer(Verdict),
}

/// Does what is asked for.
pub(super) fn run(verb: &PipelineVerb, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (only, yes, task) = match verb {
        PipelineVerb::Status(arguments) => (arguments.pipeline, false, Task::Status),
        PipelineVerb::Start(arguments) => {
            if arguments.pipeline == PipelineName::Dev && arguments.image_tag.is_some() {
                return Err(Failure::new(
                    ExitStatus::Usage,
                    "the dev pipeline makes its own tag: the newest commit of its branch",
                )
                .hint("`infra deploy dev --image-tag TAG` runs another one on dev")
                .into());
            }
            (
                Some(arguments.pipeline),
                false,
                Task::Start(arguments.image_tag.as_deref()),
            )
        }
        PipelineVerb::Approve(arguments) => (None, arguments.yes, verdict(true, arguments)),
        PipelineVerb::Reject(arguments) => (None, arguments.answer.yes, verdict(false, &arguments.answer)),
    };
    let (its, graph) = settings::graph(global)?;
    let stacks: Vec<Wanted> = graph
        .stacks()
        .iter()
        .filter(|stack| matches!(stack.kind, StackKind::DevPipeline | StackKind::ReleasePipeline))
        .map(cloud::wanted)
        .collect();
    let places = places(&its, only);
    cloud::block_on(async {
        let context = cloud::open(global, &stacks, console, yes).await?;
        match task {
            Task::Status => pipelines::status(&context, &places).await,
            Task::Start(tag) => pipelines::start(&context, &places, tag).await,
            Task::Answer(verdict) => pipelines::answer(&context, &places, &verdict).await,
        }
    })
}

fn verdict(approve: bool, arguments: &PipelineAnswer) -> Task<'static> {
    Task::Answer(Verdict {
        approve,
        comment: arguments.comment.clone(),
    })
}

fn places(its: &Settings, only: Option<PipelineName>) -> Places {
    let names = Names::new(&its.project);
    let dev = (PipelineName::Dev, "dev", names.dev_pipeline_name());
    let release = (PipelineName::Release, "release", names.release_pipeline_name());
    Places {
        region: its.project.region.clone(),
        pipelines: [dev, release]
            .into_iter()
            .filter(|(name, ..)| only.is_none_or(|only| only == *name))
            .map(|(_, which, name)| Pipeline { which, name })
            .collect(),
        connection: connection(its),
        variable: RELEASE_VARIABLE.to_owned(),
        tag_parameter: its.release.image_tag_parameter.clone(),
        repositories: cloud::repositories(its),
    }
}

/// How the pipelines get at the source.
pub(super) fn connection(its: &Settings) -> Connection {
    match &its.source.access {
        SourceAccess::NewConnection => {
            Connection::Parameter(Names::new(&its.project).shared_parameter("connection-arn"))
        }
        SourceAccess::Connection { arn } => Connection::Arn(arn.clone()),
        SourceAccess::Token { .. } => Connection::None,
    }
}
