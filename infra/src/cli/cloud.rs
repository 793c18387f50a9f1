//! Verbs that call AWS. They parse in every build; without the AWS SDK they fail with an error.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};

use super::{NamedTargets, Targets};

/// Verbs that call AWS.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the help text of a verb is that of its arguments")]
pub enum CloudVerb {
    Deploy(Deploy),
    Destroy(Destroy),
    Push(Push),
    Status(Status),
    Logs(Logs),
    Run(Run),
    Releases(Releases),
    Rollback(Rollback),
    #[command(subcommand)]
    Pipeline(PipelineVerb),
}

impl CloudVerb {
    /// Returns the verb as typed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deploy(_) => "deploy",
            Self::Destroy(_) => "destroy",
            Self::Push(_) => "push",
            Self::Status(_) => "status",
            Self::Logs(_) => "logs",
            Self::Run(_) => "run",
            Self::Releases(_) => "releases",
            Self::Rollback(_) => "rollback",
            Self::Pipeline(_) => "pipeline",
        }
    }
}

/// Create or update stacks: preview the change set, confirm, execute
#[derive(Args, Debug)]
pub struct Deploy {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: NamedTargets,
    /// Release to deploy: an image tag or its unique prefix [default: value of the SSM parameter]
    #[arg(long, value_name = "TAG", value_parser = NonEmptyStringValueParser::new())]
    pub image_tag: Option<String>,
    /// Execute without confirmation
    #[arg(short, long)]
    pub yes: bool,
    /// Create the change sets without executing them
    #[arg(long, conflicts_with = "yes")]
    pub no_execute: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub options: DeployFlags,
}

/// Flags that select how change sets are executed.
#[derive(Args, Clone, Copy, Debug)]
pub struct DeployFlags {
    /// Use CloudFormation express mode (dev stacks without a service)
    #[arg(long)]
    pub fast: bool,
    /// Also revert manual changes (drift)
    #[arg(long)]
    pub revert_drift: bool,
}

/// Delete stacks in reverse dependency order
#[derive(Args, Debug)]
pub struct Destroy {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: NamedTargets,
    /// Delete without confirmation
    #[arg(short, long)]
    pub yes: bool,
    /// Disable deletion protection first
    #[arg(long)]
    pub force: bool,
}

/// Build both images of this checkout and push them, without a pipeline
///
/// Tags both with the commit, then writes the SSM parameter that names the latest release. Needs Docker.
#[derive(Args, Debug)]
pub struct Push {
    /// Tag to use instead of the commit; needed if there are uncommitted changes
    #[arg(long, value_name = "TAG", value_parser = NonEmptyStringValueParser::new())]
    pub tag: Option<String>,
    /// Push without confirmation
    #[arg(short, long)]
    pub yes: bool,
}

/// Show stack and service status
///
/// Shows each stack's status, release, tasks with their health, tasks stopped in the last hour with the reason, alarms in ALARM state, and the URL.
#[derive(Args, Debug)]
pub struct Status {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: Targets,
    /// Refresh every 5 seconds until Ctrl-C
    #[arg(short, long)]
    pub watch: bool,
    /// Also print links to the dashboard and the saved log queries
    #[arg(short, long, conflicts_with = "watch")]
    pub open: bool,
}

/// Print the container logs of an environment
///
/// Merges the logs of both containers by time (UTC). JSON lines are formatted; --json prints each line unchanged.
#[derive(Args, Debug)]
pub struct Logs {
    /// Environment
    #[arg(value_name = "ENV")]
    pub environment: Environment,
    /// Only this container
    #[arg(short, long, value_name = "NAME")]
    pub container: Option<ContainerName>,
    /// Keep printing new lines, including those of new tasks
    #[arg(short, long)]
    pub follow: bool,
    /// How far back to start, for example 90s, 10m, 2h, 1h30m, 3d
    #[arg(short, long, value_name = "TIME", default_value = "10m")]
    pub since: String,
}

/// Run a command once, in a task of its own with the image of the app
///
/// The task has the release, environment variables, secrets, role and network of the service. Prints the output of the command and exits with its exit code: for database migrations and the like. Ctrl-C stops the task, a second Ctrl-C leaves it.
#[derive(Args, Debug)]
pub struct Run {
    /// Environment
    #[arg(value_name = "ENV")]
    pub environment: Environment,
    /// Stop the task after this time, for example 90s, 10m, 2h, and exit with 124
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
    /// Command with arguments, passed to the ENTRYPOINT of the image if it has one; no shell runs it
    #[arg(value_name = "COMMAND", required = true, last = true)]
    pub command: Vec<String>,
}

/// List releases with their date, image availability and environments
#[derive(Args, Debug)]
pub struct Releases {
    /// Environment [default: all]
    #[arg(value_name = "ENV")]
    pub environment: Option<Environment>,
}

/// Roll an environment back to an earlier release (images only; the template is unchanged)
///
/// Previews the change set, asks for confirmation, then executes it, like `deploy`.
#[derive(Args, Debug)]
pub struct Rollback {
    /// Environment
    #[arg(value_name = "ENV")]
    pub environment: Environment,
    /// Release to roll back to: an image tag or its unique prefix [default: the previous release]
    #[arg(long, value_name = "TAG", value_parser = NonEmptyStringValueParser::new())]
    pub to: Option<String>,
    /// Execute without confirmation
    #[arg(short, long)]
    pub yes: bool,
}

/// Show, start, approve and reject pipelines
#[derive(Debug, Subcommand)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
#[expect(missing_docs, reason = "the help text of a verb is that of its arguments")]
pub enum PipelineVerb {
    Status(PipelineStatus),
    Start(PipelineStart),
    Approve(PipelineDecision),
    Reject(PipelineReject),
}

/// Show pipeline progress and failure reasons
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
    /// Release: an image tag or its unique prefix [default: value of the SSM parameter]
    #[arg(long, value_name = "TAG", value_parser = NonEmptyStringValueParser::new())]
    pub image_tag: Option<String>,
}

/// Show the pending release and approve it
#[derive(Args, Debug)]
pub struct PipelineDecision {
    /// Comment stored with the decision
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Decide without confirmation
    #[arg(short, long)]
    pub yes: bool,
}

/// Show the pending release and reject it
#[derive(Args, Debug)]
pub struct PipelineReject {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub decision: PipelineDecision,
}

/// Environment names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Environment {
    Dev,
    Staging,
    Prod,
}

/// Container names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ContainerName {
    App,
    Proxy,
}

/// Pipeline names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PipelineName {
    /// Builds and deploys each push to the dev branch
    Dev,
    /// Deploys a release to staging and, after approval, to prod
    Release,
}
