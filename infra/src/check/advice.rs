//! Settings that work, and perhaps not as somebody thinks.

use super::Finding;
use crate::settings::{ClusterName, EnvironmentName, Nat, Settings};

/// What to know about settings that have no mistake.
pub fn advice(settings: &Settings) -> Vec<Finding> {
    let mut found = Vec::new();
    // Beside other placeholders it is told as one of them.
    if settings.mail_goes_nowhere() && settings.placeholders().is_empty() {
        let message = format!(
            "nobody reads {}: releases would wait for ever",
            settings.release.email
        );
        found.push(
            Finding::warning("release", message)
                .remedy("set `release.email` to an address that somebody reads"),
        );
    }
    for name in EnvironmentName::ALL {
        found.extend(environment(settings, name));
    }
    let prod = settings.cluster(ClusterName::Prod);
    let message = match prod.nat {
        Nat::Single => {
            Some("a single NAT gateway: if its zone fails, the other zones cannot call out either")
        }
        Nat::PerZone | Nat::None => None,
    };
    if let Some(message) = message {
        found.push(
            Finding::warning("prod cluster", message)
                .remedy("`nat = \"per-az\"` in `[clusters.prod]` costs a gateway a zone"),
        );
    }
    found
}

fn environment(settings: &Settings, name: EnvironmentName) -> Vec<Finding> {
    let environment = settings.environment(name);
    let section = format!("`[environments.{name}]`");
    let mut found = Vec::new();
    if environment.certificate.is_none() {
        found.push(
            Finding::warning(
                name.as_str(),
                "no certificate: visitors come over HTTP, for everybody to read",
            )
            .remedy(format!("set `certificate-arn` and `domain` in {section}")),
        );
    }
    if name == EnvironmentName::Prod {
        if environment.spot_percent > 0 {
            let percent = environment.spot_percent;
            found.push(
                Finding::warning(
                    name.as_str(),
                    format!("{percent} % of the tasks on spare capacity, taken away at two minutes' notice"),
                )
                .remedy(format!("`spot-percent = 0` in {section} keeps them")),
            );
        }
        if !environment.deletion_protection {
            found.push(
                Finding::warning(name.as_str(), "not protected against deletion")
                    .remedy(format!("`deletion-protection = true` in {section}")),
            );
        }
        if environment.exec {
            found.push(
                Finding::warning(
                    name.as_str(),
                    "people may run commands in the containers that visitors talk to",
                )
                .remedy(format!(
                    "`exec = false` in {section}, and true for as long as it takes"
                )),
            );
        }
    }
    found
}
