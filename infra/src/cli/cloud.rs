//! Verbs that talk to AWS. They are part of the grammar even in a build without the AWS SDK, which says so.

use clap::{Args, Subcommand, ValueEnum};

use super::{NamedTargets, Targets};

/// Verbs that talk to AWS.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the help text of a verb is that of its arguments")]
pub enum CloudVerb {
    Deploy(Deploy),
    Destroy(Destroy),
    Status(Status),
    Logs(Logs),
    Releases(Releases),
    Rollback(Rollback),
    Pipeline(Pipeline),
}

impl CloudVerb {
    /// The verb as it is typed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deploy(_) => "deploy",
            Self::Destroy(_) => "destroy",
            Self::Status(_) => "status",
            Self::Logs(_) => "logs",
            Self::Releases(_) => "releases",
            Self::Rollback(_) => "rollback",
            Self::Pipeline(_) => "pipeline",
        }
    }
}

/// An environment, where no other target makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Environment {
    Dev,
    Staging,
    Prod,
}

/// Create or update stacks: show the change set, ask, execute exactly it
#[derive(Args, Debug)]
pub struct Deploy {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: NamedTargets,
    /// Release to run, instead of the one that the SSM parameter names
    #[arg(long, value_name = "TAG")]
    pub image_tag: Option<String>,
    /// Execute without asking
    #[arg(short, long)]
    pub yes: bool,
    /// Show the change sets and leave them for later
    #[arg(long, conflicts_with = "yes")]
    pub no_execute: bool,
    /// Skip the checks that take a while
    #[arg(long)]
    pub fast: bool,
}

/// Delete stacks, in the order that their dependencies allow
#[derive(Args, Debug)]
pub struct Destroy {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: NamedTargets,
    /// Delete without asking
    #[arg(short, long)]
    pub yes: bool,
    /// Empty the buckets and image repositories that would block the deletion
    #[arg(long)]
    pub force: bool,
}

/// Show stacks, services and the release that each runs
#[derive(Args, Debug)]
pub struct Status {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: Targets,
    /// Keep looking until Ctrl-C
    #[arg(long)]
    pub watch: bool,
}

/// Show what the containers of an environment log
#[derive(Args, Debug)]
pub struct Logs {
    /// Environment
    #[arg(value_name = "ENV")]
    pub environment: Environment,
    /// One container's lines [default: both]
    #[arg(long, value_name = "NAME")]
    pub container: Option<ContainerName>,
    /// Keep showing new lines until Ctrl-C
    #[arg(short, long)]
    pub follow: bool,
    /// How far back to begin, like 30s, 10m, 2h or 1d
    #[arg(long, value_name = "AGE", default_value = "10m")]
    pub since: String,
}

/// A container of the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ContainerName {
    /// The site
    App,
    /// The sidecar in front of it
    Proxy,
}

/// List the releases, newest first, and where each runs
#[derive(Args, Debug)]
pub struct Releases {
    /// One environment's
    #[arg(value_name = "ENV")]
    pub environment: Option<Environment>,
}

/// Run an earlier release again
#[derive(Args, Debug)]
pub struct Rollback {
    /// Environment
    #[arg(value_name = "ENV")]
    pub environment: Environment,
    /// Release to go to [default: the one before the present]
    #[arg(long, value_name = "TAG")]
    pub to: Option<String>,
    /// Execute without asking
    #[arg(short, long)]
    pub yes: bool,
}

/// Look at the pipelines, start one, answer its approval
#[derive(Args, Debug)]
pub struct Pipeline {
    #[command(subcommand)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub verb: PipelineVerb,
}

/// What can be done with a pipeline.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the help text of a verb is that of its arguments")]
pub enum PipelineVerb {
    Status(PipelineStatus),
    Start(PipelineStart),
    /// Approve the release that waits for it
    Approve(Decision),
    /// Reject the release that waits for approval
    Reject(Decision),
}

/// Which pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PipelineName {
    /// From the dev branch to the dev environment
    Dev,
    /// From staging to prod
    Release,
}

/// Show where the pipelines are
#[derive(Args, Debug)]
pub struct PipelineStatus {
    /// One of them [default: both]
    #[arg(value_name = "PIPELINE")]
    pub pipeline: Option<PipelineName>,
}

/// Start a pipeline
#[derive(Args, Debug)]
pub struct PipelineStart {
    /// Which one
    #[arg(value_name = "PIPELINE")]
    pub pipeline: PipelineName,
    /// Release to take through it, instead of the one that the SSM parameter names
    #[arg(long, value_name = "TAG")]
    pub image_tag: Option<String>,
}

/// An answer to the question whether a release may go to prod.
#[derive(Args, Debug)]
pub struct Decision {
    /// Why, for those who read the pipeline's history
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Answer without asking again
    #[arg(short, long)]
    pub yes: bool,
}
