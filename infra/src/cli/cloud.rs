//! Verbs that talk to AWS. They are part of the grammar even in a build without the AWS SDK, which says so.

use clap::{Args, Subcommand};

use super::NamedTargets;

/// Verbs that talk to AWS.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the help text of a verb is that of its arguments")]
pub enum CloudVerb {
    Deploy(Deploy),
    Destroy(Destroy),
}

impl CloudVerb {
    /// The verb as it is typed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deploy(_) => "deploy",
            Self::Destroy(_) => "destroy",
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
