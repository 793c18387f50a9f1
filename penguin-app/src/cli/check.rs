//! `penguin-app check`: prints the settings and what `serve` would serve.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::config::{self, Config};
use crate::encoding::Encoding;
use crate::shutdown;

pub(super) fn run(config: Config, matches: &ArgMatches) -> anyhow::Result<()> {
    let (_trigger, handle) = shutdown::channel();
    let mut report = matches
        .subcommand()
        .map_or_else(String::new, |(_, values)| settings(values));
    for name in config::unknown_variables() {
        writeln!(report, "{name}: unknown variable, is it spelled right?")?;
    }
    let site = super::open(config, handle)?.last_good_site();
    writeln!(report, "\n{:<28} {:>8} {:>8}", "document", "bytes", "brotli")?;
    let errors = site.error_pages.iter();
    let errors = errors.map(|(status, page)| (format!("error {status}"), page));
    let documents = site.documents.iter();
    for (name, document) in documents.map(|(path, page)| (path.clone(), page)).chain(errors) {
        let length = |encoding| document.body(encoding).map_or(0, bytes::Bytes::len);
        let brotli = length(Some(Encoding::Brotli));
        writeln!(report, "{name:<28} {:>8} {brotli:>8}", length(None))?;
    }
    writeln!(report, "and {} assets", site.assets.names().count())?;
    match io::stdout().write_all(report.as_bytes()) {
        // `check | head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// The settings as environment variables, and where each value comes from.
fn settings(values: &ArgMatches) -> String {
    let known = config::arguments();
    let lines = known.get_arguments().filter_map(|argument| {
        let variable = argument.get_env()?.to_string_lossy();
        let value = values
            .get_raw(argument.get_id().as_str())
            .and_then(|mut raw| raw.next());
        let value = value
            .filter(|value| !value.is_empty())
            .map(|value| value.to_string_lossy());
        let source = match values.value_source(argument.get_id().as_str()) {
            Some(ValueSource::CommandLine) => " (from the command line)",
            Some(ValueSource::DefaultValue) => " (default)",
            _ => "",
        };
        Some(match value {
            None => format!("{variable} is not set\n"),
            Some(_) if argument.is_hide_env_values_set() => format!("{variable}=(secret){source}\n"),
            Some(value) => format!("{variable}={value}{source}\n"),
        })
    });
    lines.collect()
}
