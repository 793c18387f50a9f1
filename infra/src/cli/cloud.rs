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
    #[command(subcommand)]
    Pipeline(PipelineVerb),
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
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub manner: DeployManner,
}

/// How change sets are to be executed.
#[derive(Args, Clone, Copy, Debug)]
pub struct DeployManner {
    /// Do not wait until resources are ready: for what is dev's and runs no service
    #[arg(long)]
    pub fast: bool,
    /// Also undo what was changed by hand
    #[arg(long)]
    pub revert_drift: bool,
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
    /// Take the protection against deletion off
    #[arg(long)]
    pub force: bool,
}

/// Show how the stacks are, and the service in them
///
/// Since when, which release, tasks and their health, tasks that died in the last hour and why, alarms that ring, URL.
#[derive(Args, Debug)]
pub struct Status {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: Targets,
    /// Look again every 5 seconds, until Ctrl-C
    #[arg(short, long)]
    pub watch: bool,
}

/// Print what the containers of an environment write
///
/// Both containers, in order of time (UTC). JSON becomes readable; --json prints every line as it was written.
#[derive(Args, Debug)]
pub struct Logs {
    /// Environment
    #[arg(value_name = "ENV")]
    pub environment: Environment,
    /// One container only
    #[arg(short, long, value_name = "NAME")]
    pub container: Option<ContainerName>,
    /// Go on with what comes, also from new tasks, until Ctrl-C
    #[arg(short, long)]
    pub follow: bool,
    /// From so long ago: 90s, 10m, 2h, 1h30m, 3d
    #[arg(short, long, value_name = "TIME", default_value = "10m")]
    pub since: String,
}

/// List the releases: when they were made, whether their images are there, where they run
#[derive(Args, Debug)]
pub struct Releases {
    /// Environment [default: all]
    #[arg(value_name = "ENV")]
    pub environment: Option<Environment>,
}

/// Go back to an earlier release: the images alone, the template stays as it is deployed
///
/// Shows the change set, asks, and executes exactly it, as deploy does.
#[derive(Args, Debug)]
pub struct Rollback {
    /// Environment
    #[arg(value_name = "ENV")]
    pub environment: Environment,
    /// To this tag, or the only one that begins like this [default: the release before the one that runs]
    #[arg(long, value_name = "TAG")]
    pub to: Option<String>,
    /// Execute without asking
    #[arg(short, long)]
    pub yes: bool,
}

/// Show, start and approve pipelines
#[derive(Debug, Subcommand)]
#[command(
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs",
    disable_help_subcommand = true
)]
#[expect(missing_docs, reason = "the help text of a verb is that of its arguments")]
pub enum PipelineVerb {
    Status(PipelineStatus),
    Start(PipelineStart),
    Approve(PipelineAnswer),
    Reject(PipelineReject),
}

/// Show how far the pipelines are, and why one failed
#[derive(Args, Debug)]
pub struct PipelineStatus {
    /// Pipeline [default: both]
    #[arg(value_name = "PIPELINE")]
    pub pipeline: Option<PipelineName>,
}

/// Start a pipeline
#[derive(Args, Debug)]
pub struct PipelineStart {
    /// Pipeline
    #[arg(value_name = "PIPELINE")]
    pub pipeline: PipelineName,
    /// Tag to release, or the only one that begins like this [default: the one that the SSM parameter names]
    #[arg(long, value_name = "TAG")]
    pub image_tag: Option<String>,
}

/// Approve the release that waits, after showing it
#[derive(Args, Debug)]
pub struct PipelineAnswer {
    /// Why, for those who look later
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Answer without asking
    #[arg(short, long)]
    pub yes: bool,
}

/// Reject the release that waits, after showing it
#[derive(Args, Debug)]
pub struct PipelineReject {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub answer: PipelineAnswer,
}

/// Environments, as they are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Environment {
    Dev,
    Staging,
    Prod,
}

/// Containers of a task, as they are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ContainerName {
    App,
    Proxy,
}

/// Pipelines, as they are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PipelineName {
    /// From a push to dev
    Dev,
    /// From a release through staging to prod
    Release,
}
