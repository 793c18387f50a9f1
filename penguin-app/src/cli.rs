//! The command line, and the exit status of everything that it starts.

mod check;
mod health;
mod serve;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Options};

/// The web site of Penguin School
#[derive(Debug, Parser)]
#[command(
    name = "penguin-app",
    version,
    arg_required_else_help = true,
    after_help = "Exit status: 0 when all went well, 1 when something failed, 64 when a setting or a template is wrong."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the site until told to stop (SIGTERM or SIGINT; a second one stops at once)
    Serve(Options),
    /// Ask the server with the same settings whether it is well
    Health(Options),
    /// Read the settings, render every page, and print both
    Check(Options),
}

/// What went wrong, by whose turn it is to do something about it.
#[derive(Debug)]
enum Failure {
    /// The settings or the site are wrong: status 64, `EX_USAGE`.
    Input(anyhow::Error),
    /// Something failed while working: status 1.
    Work(anyhow::Error),
}

/// Does what the command line says. Every failure is printed here, once.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => {
            let wanted = !refusal.use_stderr();
            // Where nobody reads the help, there is nobody to tell.
            let _ = refusal.print();
            return if wanted {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(USAGE)
            };
        }
    };
    let outcome = match cli.command {
        Command::Serve(options) => configured(&options).and_then(serve::run),
        Command::Health(options) => configured(&options).and_then(|config| health::run(&config)),
        Command::Check(options) => configured(&options).and_then(|config| check::run(&config)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Input(error)) => {
            complain(&error);
            ExitCode::from(USAGE)
        }
        Err(Failure::Work(error)) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// `EX_USAGE` of sysexits.h
const USAGE: u8 = 64;

fn configured(options: &Options) -> Result<Config, Failure> {
    Config::read(options).map_err(|error| Failure::Input(error.into()))
}

fn complain(error: &anyhow::Error) {
    let _ = writeln!(io::stderr(), "error: {error:#}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
