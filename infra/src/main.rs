//! Entry point: parse the command line, run the verb, print what went wrong once, leave with its exit code.
//!
//! It knows nothing of any verb; [`infra::commands`] does.

use std::process::ExitCode;

use clap::Parser as _;
use infra::cli::Cli;
use infra::commands;
use infra::console::Console;
use infra::exit::{ExitStatus, is_broken_pipe};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and the version come this way too, with exit code 0; the rest is a usage error and ends with 2.
        Err(error) => {
            // Nobody is left to tell when the message itself cannot be written.
            let _ = error.print();
            return if error.use_stderr() {
                ExitStatus::Usage
            } else {
                ExitStatus::Done
            }
            .into();
        }
    };
    let console = Console::standard(&cli.global.console_options());
    match commands::run(&cli, &console) {
        Ok(status) => status.into(),
        // `infra synth | head`: the reader has what it wanted.
        Err(error) if is_broken_pipe(&error) => ExitStatus::Done.into(),
        Err(error) => {
            console.error(&error);
            ExitStatus::of(&error).into()
        }
    }
}
