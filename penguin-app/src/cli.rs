//! The command line, and the exit status of everything that it starts.

mod check;
mod health;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::config::{self, Config};
use crate::shutdown::{self, ShutdownHandle};
use crate::state::{AppState, StartError};
use crate::{pages, router, server, telemetry};

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
    Serve(Config),
    /// Check that the server with the same settings is healthy
    Health(Config),
    /// Validate the settings, render every page, print both
    Check(Config),
}

/// `EX_USAGE` of sysexits.h
const USAGE: u8 = 64;

/// Does what the command line says. Every failure is printed here, once.
pub fn main() -> ExitCode {
    let parsed = Cli::command().try_get_matches();
    let parsed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(refusal) => return refuse(&refusal),
    };
    let Err(error) = run(cli.command, &matches) else {
        return ExitCode::SUCCESS;
    };
    let _ = writeln!(io::stderr(), "error: {error:#}");
    ExitCode::from(if error.is::<StartError>() { USAGE } else { 1 })
}

/// Nearly every response is in memory: one thread serves more than a task's share of a processor can send.
#[tokio::main(flavor = "current_thread")]
async fn run(command: Command, matches: &ArgMatches) -> anyhow::Result<()> {
    match command {
        Command::Serve(config) => serve(config).await,
        Command::Health(config) => health::run(&config).await,
        Command::Check(config) => check::run(config, matches),
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    telemetry::install(config.log_format, config.log_level).context("cannot write a log")?;
    for variable in config::unknown_variables() {
        tracing::warn!(variable, "unknown variable, is it spelled right?");
    }
    let shutdown = shutdown::on_signals().context("cannot listen for signals")?;
    let state = open(config, shutdown.clone())?;
    let config = Arc::clone(&state.config);
    let listener = server::listen(config.listen).await?;
    let router = router::with_middleware(router::routes(&state.last_good_site()), state);
    let source_dir = config.source_dir.as_deref().map(tracing::field::debug);
    tracing::info!(address = %listener.local_addr()?, source_dir, "listening");
    server::run(listener, router, shutdown, config.drain_timeout).await;
    Ok(())
}

/// Renders the site, dynamic pages included, and opens the mailbox.
fn open(config: Config, shutdown: ShutdownHandle) -> Result<AppState, StartError> {
    let state = AppState::open(config, shutdown)?;
    pages::check(&state.last_good_site())?;
    Ok(state)
}

/// Prints what clap says: help on standard output, or what is wrong with the arguments.
fn refuse(refusal: &clap::Error) -> ExitCode {
    let _ = refusal.print();
    if !refusal.use_stderr() {
        return ExitCode::SUCCESS;
    }
    if matches!(
        refusal.kind(),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation
    ) && let Some(ContextValue::String(argument)) = refusal.get(ContextKind::InvalidArg)
        && let Some(flag) = argument
            .split(' ')
            .next()
            .and_then(|flag| flag.strip_prefix("--"))
    {
        let variable = flag.to_uppercase().replace('-', "_");
        let _ = writeln!(
            io::stderr(),
            "hint: the value comes from --{flag} or from APP_{variable}"
        );
    }
    ExitCode::from(USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
