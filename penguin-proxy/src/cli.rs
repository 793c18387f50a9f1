//! The command line: `serve`, `health`, `check`. The place where failures become exit codes.

mod check;
mod health;
mod serve;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{Arguments, Config};

/// Exit status for settings that cannot be used (`EX_USAGE` of sysexits.h).
const UNUSABLE_SETTINGS: u8 = 64;

/// A reverse-proxy sidecar for one app.
#[derive(Debug, Parser)]
#[command(name = "penguin-proxy", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Pass requests on to the app until told to stop
    Serve(Arguments),
    /// Ask the proxy that runs beside this command whether it is ready: exit status 0 or 1
    Health(Arguments),
    /// Check the settings, print the effective values and the drain timeline
    Check(Arguments),
}

impl Cli {
    /// Runs the command to its end.
    pub fn run(self) -> ExitCode {
        let (Command::Serve(arguments) | Command::Health(arguments) | Command::Check(arguments)) =
            &self.command;
        let config = match Config::new(arguments) {
            Ok(config) => config,
            Err(error) => {
                complain(&format!("penguin-proxy: {error}"));
                return ExitCode::from(UNUSABLE_SETTINGS);
            }
        };
        match self.command {
            Command::Serve(_) => serve::run(config),
            Command::Health(_) => health::run(&config),
            Command::Check(_) => check::run(&config),
        }
    }
}

/// One line for people on standard error; if even that is closed there is nobody to tell.
fn complain(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// The settings as they are when nothing is set, whatever the environment of this process holds.
///
/// # Panics
///
/// Never: the defaults stand in [`Arguments`] and a test parses them.
#[expect(
    clippy::expect_used,
    reason = "the defaults are constants of this crate, covered by a test"
)]
pub fn defaults() -> Arguments {
    let mut command = Cli::command();
    let serve = command
        .find_subcommand_mut("serve")
        .expect("serve exists")
        .clone();
    let serve = serve.mut_args(|argument| argument.env(None::<&str>));
    let matches = serve.try_get_matches_from(["serve"]).expect("defaults parse");
    Arguments::from_arg_matches(&matches).expect("defaults fit")
}

/// The table of settings for the README: variable, flag, default, meaning.
pub fn settings_table() -> String {
    let mut table = String::from("| variable | flag | default | meaning |\n|---|---|---|---|\n");
    let command = Cli::command();
    let arguments = command
        .find_subcommand("serve")
        .into_iter()
        .flat_map(clap::Command::get_arguments);
    for argument in arguments {
        let (Some(variable), Some(flag)) = (argument.get_env(), argument.get_long()) else {
            continue;
        };
        let default = argument
            .get_default_values()
            .first()
            .map(|value| value.to_string_lossy())
            .unwrap_or_default();
        let meaning = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let variable = variable.to_string_lossy();
        let _infallible = writeln!(table, "| `{variable}` | `--{flag}` | `{default}` | {meaning} |");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_setting_is_in_the_table_and_among_the_effective_values() {
        let effective = Config::new(&defaults()).unwrap().effective();
        let table = settings_table();
        assert_eq!(table.lines().count() - 2, effective.len());
        for (variable, _) in effective {
            assert!(
                table.contains(&format!("| `{variable}` |")),
                "{variable} is not in the table"
            );
        }
    }
}
