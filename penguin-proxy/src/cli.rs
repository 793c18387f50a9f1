//! Command line: `serve`, `health`, `check`. The only place that turns errors into exit codes.

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
    /// Ask the proxy that runs beside this command whether it is ready or alive: exit status 0 or 1
    Health {
        #[command(flatten)]
        arguments: Arguments,
        #[command(flatten)]
        question: health::Question,
    },
    /// Check the settings, print the effective values and the drain timeline
    Check(Arguments),
}

impl Cli {
    /// Runs the command to its end.
    pub fn run(self) -> ExitCode {
        let (Command::Serve(arguments) | Command::Health { arguments, .. } | Command::Check(arguments)) =
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
            Command::Health { question, .. } => health::run(&config, question),
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
mod settings_file;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn command_line_definition_is_valid() {
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

    /// Arguments with one value that is not the default.
    pub(super) fn with(flag: &str, value: &str) -> Option<Arguments> {
        let command = Cli::command().mut_subcommand("serve", |serve| {
            serve.mut_args(|argument| argument.env(None::<&str>))
        });
        let matches = command
            .try_get_matches_from(["penguin-proxy", "serve", &format!("--{flag}={value}")])
            .ok()?;
        Arguments::from_arg_matches(matches.subcommand()?.1).ok()
    }

    fn flags() -> Vec<String> {
        let command = Cli::command();
        let serve = command.find_subcommand("serve").unwrap();
        let named = serve
            .get_arguments()
            .filter(|argument| argument.get_env().is_some());
        named
            .filter_map(|argument| argument.get_long().map(ToOwned::to_owned))
            .collect()
    }

    proptest! {
        // Each case tries every setting.
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// Whatever number and unit a setting is given: it is refused, or it is taken, shown, and taken again.
        #[test]
        fn no_value_of_any_setting_overflows(
            number in prop_oneof![any::<u64>(), Just(u64::MAX), Just(0), 0u64..1 << 34],
            unit in prop::sample::select(vec!["", "s", "ms", "ns", "h", "days", "years", "B", "KiB", "GiB", "TB"]),
        ) {
            let value = format!("{number}{unit}");
            for flag in flags() {
                let Ok(config) = Config::new(&with(&flag, &value).unwrap()) else {
                    continue;
                };
                // Sums and clocks: what a request does with them.
                let timeouts = config.timeouts;
                for time in [
                    timeouts.client_idle,
                    timeouts.upstream_idle,
                    timeouts.head,
                    timeouts.connect,
                    timeouts.first_byte,
                    timeouts.send,
                    timeouts.half_close,
                    timeouts.hold,
                    config.drain.bound() + config.drain.pre_drain() + config.drain.idle(),
                ] {
                    prop_assert!(std::time::Instant::now().checked_add(time * 2).is_some(), "{} {}", flag, value);
                }
                prop_assert!(config.bounds.min_body_rate.checked_mul(60).is_some());
                prop_assert!(config.bounds.connections < usize::MAX / 64, "{} {}", flag, value);
                check::report(&config);
                let shown = config.effective().into_iter().find(|(variable, _)| {
                    variable.trim_start_matches("PROXY_").replace('_', "-").eq_ignore_ascii_case(&flag)
                });
                let shown = shown.unwrap().1;
                let again = Config::new(&with(&flag, &shown).unwrap());
                prop_assert_eq!(again.map(|config| config.effective()).ok(), Some(config.effective()));
            }
        }
    }

    #[test]
    fn longest_pre_drain_is_rejected_without_panic() {
        let error = Config::new(&with("pre-drain", "18446744073709551615s").unwrap()).unwrap_err();
        assert!(error.to_string().contains("is longer than a year"), "{error}");
    }
}
