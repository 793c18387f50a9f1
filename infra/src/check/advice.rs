//! Warnings about valid settings with side effects.

use super::Finding;
use crate::settings::{ClusterName, EnvironmentName, Nat, Settings};

/// Returns warnings about valid settings.
pub fn advice(settings: &Settings) -> Vec<Finding> {
    let mut found = Vec::new();
    // Reported together with other placeholders, if there are any.
    if settings.email_is_example() && settings.placeholders().is_empty() {
        let message = format!(
            "{} is an example address; approval requests would not be received",
            settings.release.email
        );
        found.push(Finding::warning("release", message).remedy("set `release.email` to your address"));
    }
    for name in EnvironmentName::ALL {
        found.extend(environment(settings, name));
    }
    let prod = settings.cluster(ClusterName::Prod);
    let message = match prod.nat {
        Nat::Single => {
            Some("single NAT gateway: if its zone fails, tasks in other zones lose internet access")
        }
        Nat::PerZone | Nat::None => None,
    };
    if let Some(message) = message {
        found.push(
            Finding::warning("prod cluster", message)
                .remedy("set `nat = \"per-az\"` in `[clusters.prod]`; it costs one gateway per zone"),
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
                "no certificate: the site is served over unencrypted HTTP",
            )
            .remedy(format!("set `domain` and `hosted-zone` in {section}")),
        );
    }
    if name == EnvironmentName::Prod {
        if environment.spot_percent > 0 {
            let percent = environment.spot_percent;
            found.push(
                Finding::warning(
                    name.as_str(),
                    format!("{percent} % of the tasks on Fargate Spot, interrupted with two minutes' notice"),
                )
                .remedy(format!("set `spot-percent = 0` in {section}")),
            );
        }
        if !environment.deletion_protection {
            found.push(
                Finding::warning(name.as_str(), "no deletion protection")
                    .remedy(format!("set `deletion-protection = true` in {section}")),
            );
        }
    }
    found
}
