//! Settings of lines with metrics.

use super::parse::Refused;
use super::problems::Check;
use super::settings::{Arguments, VARIABLES};
use crate::metrics::Labels;

/// CloudWatch takes more, but nobody can read it.
const LONGEST: usize = 100;

/// Whether there are lines with metrics, and what they name.
#[derive(Clone, Debug)]
pub struct MetricsLog {
    /// There are lines with metrics.
    pub enabled: bool,
    /// The service and environment in them.
    pub labels: Labels,
}

impl MetricsLog {
    pub(super) fn checked(raw: &Arguments, check: &mut Check) -> Option<Self> {
        let enabled = check.value(VARIABLES.metrics_log, &raw.metrics_log, parse);
        let service = check.value(VARIABLES.metrics_service, &raw.metrics_service, label);
        let environment = check.value(VARIABLES.metrics_environment, &raw.metrics_environment, label);
        Some(Self {
            enabled: enabled?,
            labels: Labels {
                service: service?,
                environment: environment?,
            },
        })
    }
}

fn parse(text: &str) -> Result<bool, Refused> {
    match text {
        "emf" => Ok(true),
        "off" => Ok(false),
        _ => Err(Refused::new("is not a format of metrics", "write emf or off")),
    }
}

/// The value of a dimension: what CloudWatch takes and JSON need not escape.
fn label(text: &str) -> Result<String, Refused> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(allowed) {
        return Err(Refused::new(
            "is not a name",
            "write up to 100 letters, digits and -_./ such as penguin-school",
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_what_cloudwatch_takes() {
        for fine in ["prod", "penguin-school_2/eu.west", &"x".repeat(100)] {
            assert_eq!(label(fine).as_deref(), Ok(fine));
        }
        for wrong in ["", " ", ":a", "a\"", "a\\", "é", "a\n", &"x".repeat(101)] {
            assert!(label(wrong).is_err(), "{wrong}");
        }
    }
}
