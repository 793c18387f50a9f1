//! The grammar of the command line, and nothing else: what can be typed, and what `--help` says about it.
//!
//! These are raw arguments. Each verb's file in [`crate::commands`] turns them into what it works with. A verb
//! appears in [`Verb`] when it does what its help text says.

mod cloud;
mod offline;
mod run;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use cloud::{
    CloudVerb, ContainerName, Deploy, DeployManner, Destroy, Environment, Logs, PipelineAnswer, PipelineName,
    PipelineReject, PipelineStart, PipelineStatus, PipelineVerb, Releases, Rollback, Status,
};
pub use offline::{
    Check, Completions, Cost, Diagram, DiagramFormat, DiagramName, Diff, Init, List, Shell, Synth,
};
pub use run::{Compose, Local};

use crate::console::{ColorChoice, Options, Verbosity};

/// Deploy the Penguin School to AWS, and run it on this machine
#[derive(Debug, Parser)]
#[command(name = "infra", version, max_term_width = 100)]
#[command(
    subcommand_help_heading = "Verbs",
    subcommand_value_name = "VERB",
    disable_help_subcommand = true
)]
#[command(after_help = "`infra VERB --help` says more about a verb.")]
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

/// Options that every verb takes, before or after it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Settings file [default: infra.toml beside the workspace's Cargo.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// AWS region, for environments whose settings name none
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// AWS profile whose credentials to use
    #[arg(long, global = true, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// When to colour the output: auto (on a terminal, unless `NO_COLOR` is set), always, never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: Color,
    /// Print data as JSON, for programs
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more about what is done and why
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl Global {
    /// What the console is to be like.
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

/// When to colour.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always, also into a pipe
    Always,
    /// Never
    Never,
}

/// What can be done. Grouped by what a verb needs: a workspace, or AWS.
#[derive(Debug, Subcommand)]
pub enum Verb {
    #[command(flatten)]
    #[expect(missing_docs, reason = "the help text is that of the arguments")]
    Cloud(CloudVerb),
    #[expect(missing_docs, reason = "as above")]
    Compose(Compose),
    #[expect(missing_docs, reason = "as above")]
    Local(Local),
    /// Stop what `infra local` has left behind (started by it, not by people)
    #[command(name = crate::local::warden::VERB, hide = true)]
    LocalWarden,
    #[expect(missing_docs, reason = "as above")]
    Init(Init),
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

/// Stacks that a verb is about.
#[derive(Args, Clone, Debug)]
pub struct Targets {
    /// A stack, an environment (dev, staging, prod), `clusters`, `pipelines` or `all` [default: all]
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
}

/// Stacks that a verb is about, to be named: for verbs that change things.
#[derive(Args, Clone, Debug)]
pub struct NamedTargets {
    /// A stack, an environment (dev, staging, prod), `clusters`, `pipelines` or `all`
    #[arg(value_name = "TARGET", required = true)]
    pub targets: Vec<String>,
}
