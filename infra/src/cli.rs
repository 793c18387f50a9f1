//! Command-line grammar: arguments, options and help texts. [`crate::commands`] converts and validates them.

mod cloud;
mod offline;
mod run;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use cloud::{
    CloudVerb, ContainerName, Deploy, DeployFlags, Destroy, Environment, Logs, PipelineDecision,
    PipelineName, PipelineReject, PipelineStart, PipelineStatus, PipelineVerb, Push, Releases, Rollback, Run,
    Status,
};
pub use offline::{
    Check, Completions, Cost, Diagram, DiagramFormat, DiagramName, Diff, Init, List, Shell, Synth,
};
pub use run::{Compose, Local};

use crate::console::{ColorChoice, Options, Verbosity};

/// Deploy Penguin School to AWS, operate it, and run it locally
#[derive(Debug, Parser)]
#[command(name = "infra", version, max_term_width = 100)]
#[command(subcommand_help_heading = "Verbs", subcommand_value_name = "VERB")]
#[command(after_help = "`infra VERB --help` prints details of a verb.")]
pub struct Cli {
    #[command(flatten)]
    #[expect(
        missing_docs,
        reason = "clap would take a doc comment for the help text of the group"
    )]
    pub global: Global,
    #[command(subcommand)]
    #[expect(missing_docs, reason = "as above")]
    pub verb: Verb,
}

/// Options of every verb, accepted before or after it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Settings file [default: infra.toml in the workspace root]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// AWS region for environments whose settings do not set one
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// AWS profile to take credentials from
    #[arg(long, global = true, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Color output: auto (on a terminal, unless `NO_COLOR` is set), always, never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: Color,
    /// Print data as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Print only warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print details of each step
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl Global {
    /// Returns the console options that these arguments select.
    pub fn console_options(&self) -> Options {
        let verbosity = match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        let color = match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Options {
            color,
            verbosity,
            json: self.json,
        }
    }
}

/// When to color output.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always, including when piped
    Always,
    /// Never
    Never,
}

/// Verbs, grouped by what they need: a workspace or AWS.
#[derive(Debug, Subcommand)]
pub enum Verb {
    #[command(flatten)]
    #[expect(missing_docs, reason = "the help text is that of the arguments")]
    Cloud(CloudVerb),
    #[expect(missing_docs, reason = "as above")]
    Compose(Compose),
    #[expect(missing_docs, reason = "as above")]
    Local(Local),
    /// Stop processes that `infra local` left running (started by `infra local` itself)
    #[command(name = crate::local::supervisor::VERB, hide = true)]
    LocalSupervisor,
    #[expect(missing_docs, reason = "as above")]
    Init(Box<Init>),
    #[expect(missing_docs, reason = "as above")]
    Check(Check),
    #[expect(missing_docs, reason = "as above")]
    List(List),
    #[expect(missing_docs, reason = "as above")]
    Synth(Synth),
    #[expect(missing_docs, reason = "as above")]
    Diff(Diff),
    #[expect(missing_docs, reason = "as above")]
    Completions(Completions),
    #[expect(missing_docs, reason = "as above")]
    Cost(Cost),
    #[expect(missing_docs, reason = "as above")]
    Diagram(Diagram),
}

/// Optional stack selection.
#[derive(Args, Clone, Debug)]
pub struct Targets {
    /// A stack, an environment (dev, staging, prod), `clusters`, `pipelines` or `all` [default: all]
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
}

/// Required stack selection, for verbs that change stacks.
#[derive(Args, Clone, Debug)]
pub struct NamedTargets {
    /// A stack, an environment (dev, staging, prod), `clusters`, `pipelines` or `all`
    #[arg(value_name = "TARGET", required = true)]
    pub targets: Vec<String>,
}
