//! One file per verb: each turns raw arguments into what the domain works with, calls it, and tells the result.
//!
//! Here `anyhow` adds the context that a person needs. A failure that has its own exit code or a remedy is a
//! [`crate::exit::Failure`].

mod check;
mod cloud;
mod completions;
mod compose;
mod cost;
#[cfg(feature = "aws")]
mod deploy;
#[cfg(feature = "aws")]
mod destroy;
mod diagram;
mod diff;
mod init;
mod list;
mod local;
#[cfg(feature = "aws")]
mod logs;
#[cfg(feature = "aws")]
mod pipeline;
#[cfg(feature = "aws")]
mod releases;
pub(crate) mod settings;
#[cfg(feature = "aws")]
mod status;
mod synth;

use anyhow::Result;

use crate::cli::{Cli, Verb};
use crate::console::Console;
use crate::exit::ExitStatus;

/// Does what the command line asks for.
///
/// # Errors
/// Whatever the verb ran into; [`ExitStatus::of`] knows the code for it.
pub fn run(cli: &Cli, console: &Console) -> Result<ExitStatus> {
    match &cli.verb {
        Verb::Cloud(verb) => cloud::run(verb, &cli.global, console),
        Verb::Compose(_) => compose::run(console),
        Verb::Local(arguments) => local::run(arguments, console),
        Verb::LocalWarden => local::keep_watch(),
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
