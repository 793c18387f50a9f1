//! `penguin-proxy serve`: signals first, then ports, then traffic until told to stop.

use std::process::ExitCode;

use crate::access_log::AccessLog;
use crate::config::Config;
use crate::server::{Server, signals};
use crate::telemetry;
use crate::upstream::Lookup;

pub(super) fn run(config: Config) -> ExitCode {
    telemetry::install(config.log_format, config.log_level);
    // Before any port: from here on a stop is an orderly one, as PID 1 as well.
    let signals = match signals::install() {
        Ok(signals) => signals,
        Err(error) => return failed("cannot listen for signals", &error),
    };
    let log = AccessLog::to_stdout(config.log_format);
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
