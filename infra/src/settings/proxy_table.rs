//! The proxy's table of settings: names, units and words. `penguin-proxy/settings.json` is written by the proxy, whose tests
//! compare it with the code.

use serde::Deserialize;

use super::document::ValueError;
use super::nearest;
use crate::service::PROXY_VARIABLES;

const TABLE: &str = include_str!("../../../penguin-proxy/settings.json");

/// A setting of the proxy.
#[derive(Debug, Deserialize)]
struct Setting {
    variable: String,
    /// For example `DURATION`.
    unit: String,
    /// Words that it accepts besides values of the unit.
    words: Vec<String>,
    help: String,
}

fn table() -> Vec<Setting> {
    serde_json::from_str(TABLE).unwrap_or_default()
}

/// Checks that the proxy has this variable, and that it is for the settings.
pub(super) fn check_name(name: &str) -> Result<(), ValueError> {
    if let Some((_, remedy)) = PROXY_VARIABLES.iter().find(|(known, _)| *known == name) {
        return Err(ValueError::new("is set by infra").remedy(*remedy));
    }
    let table = table();
    if table.iter().any(|setting| setting.variable == name) {
        return Ok(());
    }
    let known = table
        .iter()
        .map(|setting| setting.variable.as_str())
        .filter(|known| PROXY_VARIABLES.iter().all(|(ours, _)| ours != known));
    let error = ValueError::new("is not a variable of penguin-proxy");
    Err(match nearest(name, known) {
        Some(near) => error.remedy(format!("did you mean `{near}`?")),
        None => error.remedy("penguin-proxy/README.md lists the variables"),
    })
}

/// Checks a value by the unit and the words of its variable.
pub(super) fn check_value(name: &str, value: &str) -> Result<(), ValueError> {
    let table = table();
    let Some(setting) = table.iter().find(|setting| setting.variable == name) else {
        return Ok(());
    };
    if setting.words.iter().any(|word| word == value) {
        return Ok(());
    }
    let what = match setting.unit.as_str() {
        "DURATION" if humantime::parse_duration(value).is_err() => {
            "is not a duration, for example 500ms, 15s or 2m"
        }
        "SIZE" if !is_size(value) => "is not a size, for example 240B, 16KiB or 1MiB",
        "COUNT" if value.parse::<u32>().is_err() => "is not a whole number",
        // Units of words alone.
        "FORMAT" | "LEVEL" | "MODE" | "PROTOCOL" | "SWITCH" => {
            let words: Vec<_> = setting.words.iter().map(|word| format!("`{word}`")).collect();
            return Err(
                ValueError::new(format!("is not one of {}", words.join(", "))).remedy(setting.help.clone())
            );
        }
        _ if value.is_empty() => "is empty",
        _ => return Ok(()),
    };
    Err(ValueError::new(what).remedy(setting.help.clone()))
}

/// Digits and a unit of bytes.
fn is_size(value: &str) -> bool {
    let unit = value.trim_start_matches(|digit: char| digit.is_ascii_digit());
    unit.len() < value.len()
        && ["", "b", "k", "kb", "kib", "m", "mb", "mib", "g", "gb", "gib"]
            .contains(&unit.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_readable_and_contains_the_variables_that_infra_sets() {
        let table = table();
        assert!(table.len() > 30, "{}", table.len());
        for (name, _) in PROXY_VARIABLES {
            assert!(table.iter().any(|setting| setting.variable == name), "{name}");
        }
    }

    #[test]
    fn values_are_checked_by_unit() {
        for (name, good, bad) in [
            ("PROXY_HOLD", "500ms", "soon"),
            ("PROXY_READ_TIMEOUT", "off", "on"),
            ("PROXY_MAX_BODY", "10MiB", "10 parsecs"),
            ("PROXY_MAX_BODY", "off", ""),
            ("PROXY_MAX_IN_FLIGHT", "7", "many"),
            ("PROXY_TRACE", "start", "on"),
            ("PROXY_COMPRESSION", "off", "0"),
            ("PROXY_LOG", "debug", "loud"),
            ("PROXY_METHODS", "GET", ""),
        ] {
            assert!(check_value(name, good).is_ok(), "{name} = {good}");
            assert!(check_value(name, bad).is_err(), "{name} = {bad}");
        }
    }
}
