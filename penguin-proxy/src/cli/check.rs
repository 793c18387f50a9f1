//! `penguin-proxy check`: what the proxy would do with these settings, without binding a port.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use crate::config::Config;

pub(super) fn run(config: &Config) -> ExitCode {
    // A closed pipe (`check | head`) is not a failure of the check.
    drop(std::io::stdout().write_all(report(config).as_bytes()));
    ExitCode::SUCCESS
}

/// Effective values and the drain timeline.
pub(crate) fn report(config: &Config) -> String {
    let effective = config.effective();
    let width = effective
        .iter()
        .map(|(variable, _)| variable.len())
        .max()
        .unwrap_or(0);
    let mut text = String::from("settings\n");
    for (variable, value) in effective {
        let _infallible = writeln!(text, "  {variable:width$}  {value}");
    }
    let _infallible = write!(text, "\nafter SIGTERM\n{}", config.drain);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::defaults;

    #[test]
    fn the_report_of_the_defaults() {
        let mut arguments = defaults();
        arguments.threads = "2".into();
        insta::assert_snapshot!(report(&Config::new(&arguments).unwrap()));
    }
}
