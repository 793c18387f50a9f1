//! Entry point: parses the command line, runs the verb, prints errors, exits with the status.

use std::process::ExitCode;

use clap::Parser as _;
use infra::cli::Cli;
use infra::commands;
use infra::console::Console;
use infra::exit::{ExitStatus, is_broken_pipe};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // `--help` and `--version` are errors to clap, with exit code 0.
        Err(error) => {
            // Writing may fail; there is no other output.
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
        // `infra synth | head`: a closed pipe is success.
        Err(error) if is_broken_pipe(&error) => ExitStatus::Done.into(),
        Err(error) => {
            console.error(&error);
            ExitStatus::of(&error).into()
        }
    }
}
