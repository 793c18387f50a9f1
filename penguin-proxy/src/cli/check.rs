//! `penguin-proxy check`: prints the effective settings and the drain timeline without binding a port.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

use crate::config::Config;

pub(super) fn run(config: &Config) -> ExitCode {
    // A closed pipe (`check | head`) is not a failure of the check.
    drop(std::io::stdout().write_all(report(config).as_bytes()));
    ExitCode::SUCCESS
}

/// The address that clients have where Docker's userland proxy forwards them: the gateway of its first network.
const DOCKER_GATEWAY: IpAddr = IpAddr::V4(Ipv4Addr::new(172, 17, 0, 1));

const TRUSTED_NOTE: &str = "
warning: PROXY_TRUSTED includes private networks
  safe: every peer is a load balancer that appends to X-Forwarded-For, such as AWS's
  unsafe: clients reach a port that Docker publishes; they have a private address and can invent another
  hint: set PROXY_TRUSTED=none where no load balancer is in front
";

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
    if trusts_docker(config) {
        text.push_str(TRUSTED_NOTE);
    }
    text
}

/// Whether X-Forwarded-For of clients behind a port that Docker publishes is believed.
fn trusts_docker(config: &Config) -> bool {
    !config.listen.ip().is_loopback() && config.forwarding.trusted.contains(DOCKER_GATEWAY)
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

    #[test]
    fn trust_in_private_networks_is_pointed_out_where_docker_may_be_in_front() {
        for (trusted, listen, expected) in [
            ("private", "[::]:8080", true),
            ("172.16.0.0/12", "0.0.0.0:8080", true),
            ("none", "[::]:8080", false),
            ("10.0.0.0/8", "[::]:8080", false),
            ("private", "127.0.0.1:8080", false),
        ] {
            let mut arguments = defaults();
            (arguments.trusted, arguments.listen) = (trusted.into(), listen.into());
            let report = report(&Config::new(&arguments).unwrap());
            assert_eq!(
                report.contains("PROXY_TRUSTED=none"),
                expected,
                "{trusted} {listen}"
            );
        }
    }
}
