//! `penguin-proxy/settings.json`: the table of settings for programs, with which `infra` checks its settings file.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::tests::with;
use super::*;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/settings.json");

/// One setting per line. `words` are the accepted words among those that the help names.
fn text() -> String {
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    let settings = serve.get_arguments().filter_map(|argument| {
        let (variable, flag) = (argument.get_env()?, argument.get_long()?);
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let default = argument.get_default_values().first()?.to_str()?;
        let unit = argument.get_value_names()?.first()?;
        let words: BTreeSet<_> = help
            .split('`')
            .skip(1)
            .step_by(2)
            .chain([default])
            .filter(|word| word.bytes().all(|letter| letter.is_ascii_alphanumeric()))
            .filter(|word| !word.starts_with(|first: char| first.is_ascii_digit()))
            .filter(|word| accepted(flag, word))
            .collect();
        let setting = json!({
            "variable": variable.to_str()?,
            "unit": unit.as_str(),
            "words": words,
            "help": help,
        });
        Some(setting.to_string())
    });
    let lines: Vec<_> = settings.collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

fn accepted(flag: &str, value: &str) -> bool {
    with(flag, value).is_some_and(|arguments| Config::new(&arguments).is_ok())
}

#[test]
fn settings_file_matches_the_table() {
    let wanted = text();
    let kept = fs_err::read_to_string(FILE).unwrap_or_default();
    if kept == wanted {
        return;
    }
    let beside = Path::new(FILE).with_extension("json.new");
    fs_err::write(&beside, wanted).unwrap();
    panic!(
        "settings.json differs from the table of settings; see {}, and rename it",
        beside.display()
    );
}

/// `infra` checks values by their unit; therefore a unit means the same in every setting.
#[test]
fn units_mean_the_same_in_every_setting() {
    let table: Vec<Value> = serde_json::from_str(&text()).unwrap();
    for setting in &table {
        let variable = setting["variable"].as_str().unwrap();
        let flag = variable
            .trim_start_matches("PROXY_")
            .replace('_', "-")
            .to_ascii_lowercase();
        let (good, bad): (&[&str], &[&str]) = match setting["unit"].as_str().unwrap() {
            "DURATION" => (&["1s", "2m"], &["15", "soon", "1 parsec"]),
            "SIZE" => (&["300B", "16KiB", "1MiB", "4096"], &["KiB", "many", "1 parsec"]),
            "COUNT" => (&["1", "50"], &["many", "-1", "1.5"]),
            // Words alone.
            "FORMAT" | "LEVEL" | "MODE" | "PROTOCOL" | "SWITCH" => (&[], &["15", "surprise", "1s", ""]),
            _ => continue,
        };
        // The drain must fit its bound, which takes other values.
        let drains = ["PROXY_PRE_DRAIN", "PROXY_STOP_TIMEOUT", "PROXY_DRAIN_IDLE"].contains(&variable);
        for value in good.iter().filter(|_| !drains) {
            assert!(accepted(&flag, value), "{variable} = {value}");
        }
        for value in bad {
            assert!(!accepted(&flag, value), "{variable} = {value}");
        }
    }
}
