//! `penguin-proxy serve`: installs signal handlers, binds the ports, serves until a signal.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::access_log::AccessLog;
use crate::config::Config;
use crate::resolver::Lookup;
use crate::server::{Server, signals};
use crate::telemetry;

/// The last lines of the operational log may take this long to be read.
const LAST_LINES: Duration = Duration::from_millis(500);

pub(super) fn run(config: Config) -> ExitCode {
    if let Err(error) = telemetry::install(config.log_format, config.log_level) {
        super::complain(&format!("penguin-proxy: cannot start a log: {error}"));
        return ExitCode::FAILURE;
    }
    let outcome = serve(config);
    telemetry::finish(Instant::now() + LAST_LINES);
    outcome
}

fn serve(config: Config) -> ExitCode {
    // Before any port: from here on a stop is an orderly one, as PID 1 as well.
    let signals = match signals::install() {
        Ok(signals) => signals,
        Err(error) => return failed("cannot listen for signals", &error),
    };
    let log = match AccessLog::to_stdout(config.log_format) {
        Ok(log) => log,
        Err(error) => return failed("cannot start the access log", &error),
    };
    let server = match Server::bind(config, Lookup::system(), log) {
        Ok(server) => server,
        Err(error) => return failed("cannot start", &error),
    };
    match server.run(signals) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed("stopped", &error),
    }
}

fn failed(what: &str, error: &dyn std::error::Error) -> ExitCode {
    tracing::error!("{what}: {error}");
    ExitCode::FAILURE
}
