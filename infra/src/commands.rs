//! Verb implementations, one file per verb: convert arguments, call the domain, print the result.
//!
//! Errors that need their own exit code or a hint are [`crate::exit::Failure`]; the rest is `anyhow` with context.

mod check;
mod completions;
mod compose;
mod cost;
#[cfg(feature = "aws")]
mod deploy;
#[cfg(feature = "aws")]
mod destroy;
mod diagram;
mod diff;
mod git;
mod init;
mod list;
mod local;
#[cfg(feature = "aws")]
mod logs;
#[cfg(feature = "aws")]
mod pipeline;
#[cfg(feature = "aws")]
mod push;
#[cfg(feature = "aws")]
mod releases;
#[cfg(feature = "aws")]
mod run;
mod session;
pub(crate) mod settings;
#[cfg(feature = "aws")]
mod status;
mod synth;

use anyhow::Result;

use crate::cli::{Cli, CloudVerb, Global, Verb};
use crate::console::Console;
use crate::exit::ExitStatus;

/// Runs the verb of the command line.
///
/// # Errors
/// Any error of the verb; [`ExitStatus::of`] maps it to an exit code.
pub fn run(cli: &Cli, console: &Console) -> Result<ExitStatus> {
    match &cli.verb {
        Verb::Cloud(verb) => run_cloud_verb(verb, &cli.global, console),
        Verb::Compose(arguments) => compose::run(arguments, &cli.global, console),
        Verb::Local(arguments) => local::run(arguments, &cli.global, console),
        Verb::LocalSupervisor => local::supervise(),
        Verb::Init(arguments) => init::run(arguments, &cli.global, console),
        Verb::Check(arguments) => check::run(arguments, &cli.global, console),
        Verb::List(arguments) => list::run(arguments, &cli.global, console),
        Verb::Synth(arguments) => synth::run(arguments, &cli.global, console),
        Verb::Diff(arguments) => diff::run(arguments, &cli.global, console),
        Verb::Completions(arguments) => completions::run(arguments, &cli.global, console),
        Verb::Cost(arguments) => cost::run(arguments, &cli.global, console),
        Verb::Diagram(arguments) => diagram::run(arguments, &cli.global, console),
    }
}

/// Runs a verb that calls AWS.
#[cfg(feature = "aws")]
fn run_cloud_verb(verb: &CloudVerb, global: &Global, console: &Console) -> Result<ExitStatus> {
    settings::refuse_placeholders(global)?;
    let done = match verb {
        CloudVerb::Deploy(arguments) => deploy::run(arguments, global, console),
        CloudVerb::Destroy(arguments) => destroy::run(arguments, global, console),
        CloudVerb::Push(arguments) => push::run(arguments, global, console),
        CloudVerb::Status(arguments) => status::run(arguments, global, console),
        CloudVerb::Logs(arguments) => logs::run(arguments, global, console),
        CloudVerb::Run(arguments) => run::run(arguments, global, console),
        CloudVerb::Releases(arguments) => releases::list(arguments, global, console),
        CloudVerb::Rollback(arguments) => releases::rollback(arguments, global, console),
        CloudVerb::Pipeline(verb) => pipeline::run(verb, global, console),
    };
    done.map_err(|error| session::with_remedies(error, global))
}

/// Returns the error of a build without the AWS SDK.
#[cfg(not(feature = "aws"))]
fn run_cloud_verb(verb: &CloudVerb, _: &Global, _: &Console) -> Result<ExitStatus> {
    Err(session::without_sdk(verb.name()))
}
