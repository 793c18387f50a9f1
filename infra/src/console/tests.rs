//! What a person and a script see of the console.

use super::*;
use anyhow::Context as _;

fn quiet() -> Options {
    Options {
        verbosity: Verbosity::Quiet,
        ..Options::default()
    }
}

#[test]
fn data_and_talk_go_separate_ways() {
    let (console, said) = Console::recording(&Options::default(), None);
    console.data_line("services:").unwrap();
    console.say("building");
    console.detail("with cargo");
    assert_eq!(said.out(), "services:\n");
    assert_eq!(said.err(), "building\n");
}

#[test]
fn quiet_keeps_data_and_warnings() {
    let (console, said) = Console::recording(&quiet(), None);
    console.data_line("data").unwrap();
    console.say("talk");
    console.warn("no certificate");
    assert_eq!(said.out(), "data\n");
    assert_eq!(said.err(), "warning: no certificate\n");
}

#[test]
fn an_error_is_told_outside_in_with_its_remedies_last() {
    let (console, said) = Console::recording(&quiet(), None);
    let error = Err::<(), _>(Failure::failed("port 8080 is taken").hint("`--port 0` picks a free one"))
        .context("cannot start the proxy")
        .unwrap_err();
    console.error(&error);
    assert_eq!(
        said.err(),
        "error: cannot start the proxy\n  because: port 8080 is taken\n\nhint: `--port 0` picks a free one\n"
    );
}

#[test]
fn a_cause_that_the_message_already_quotes_is_not_said_twice() {
    let (console, said) = Console::recording(&quiet(), None);
    let inner = anyhow::anyhow!("no such file");
    let quoting = inner.context("cannot read infra.toml: no such file");
    console.error(&quoting);
    assert_eq!(said.err(), "error: cannot read infra.toml: no such file\n");
}

#[test]
fn yes_and_no_and_silence() {
    let ask = |answers| {
        Console::recording(&Options::default(), Some(answers))
            .0
            .confirm("Deploy?")
            .unwrap()
    };
    assert!(ask("y\n"));
    assert!(ask("maybe\nYES\n"));
    assert!(!ask("n\n"));
    assert!(!ask("\n"));
    assert!(!ask(""));
}

#[test]
fn a_script_is_not_asked() {
    let (console, _) = Console::recording(&Options::default(), None);
    let error = console.confirm("Deploy?").unwrap_err();
    assert_eq!(error.to_string(), "cannot ask \"Deploy?\" without a terminal");
}

#[test]
fn an_empty_answer_takes_the_default() {
    let (console, said) = Console::recording(&Options::default(), Some("\nmain\n"));
    assert_eq!(
        console.ask("Branch", Some("dev")).unwrap().as_deref(),
        Some("dev")
    );
    assert_eq!(
        console.ask("Branch", Some("dev")).unwrap().as_deref(),
        Some("main")
    );
    assert_eq!(console.ask("Branch", Some("dev")).unwrap(), None);
    assert!(said.err().starts_with("Branch [dev]: "));
}
