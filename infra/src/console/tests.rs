//! Console output and prompts.

use super::*;
use anyhow::Context as _;

fn quiet() -> Options {
    Options {
        verbosity: Verbosity::Quiet,
        ..Options::default()
    }
}

#[test]
fn data_goes_to_stdout_and_messages_to_stderr() {
    let (console, recording) = Console::recording(&Options::default(), None);
    console.data_line("services:").unwrap();
    console.info("building");
    console.detail("with cargo");
    assert_eq!(recording.out(), "services:\n");
    assert_eq!(recording.err(), "building\n");
}

#[test]
fn quiet_keeps_data_and_warnings() {
    let (console, recording) = Console::recording(&quiet(), None);
    console.data_line("data").unwrap();
    console.info("message");
    console.warn("no certificate");
    assert_eq!(recording.out(), "data\n");
    assert_eq!(recording.err(), "warning: no certificate\n");
}

#[test]
fn error_prints_causes_then_hints() {
    let (console, recording) = Console::recording(&quiet(), None);
    let error = Err::<(), _>(Failure::failed("port 8080 is in use").hint("pass `--port 0`"))
        .context("cannot start the proxy")
        .unwrap_err();
    console.error(&error);
    assert_eq!(
        recording.err(),
        "error: cannot start the proxy\n  caused by: port 8080 is in use\n\nhint: pass `--port 0`\n"
    );
}

#[test]
fn cause_quoted_in_the_message_is_not_repeated() {
    let (console, recording) = Console::recording(&quiet(), None);
    let inner = anyhow::anyhow!("no such file");
    let quoting = inner.context("cannot read infra.toml: no such file");
    console.error(&quoting);
    assert_eq!(recording.err(), "error: cannot read infra.toml: no such file\n");
}

#[test]
fn empty_input_selects_the_default() {
    let (console, recording) = Console::recording(&Options::default(), Some("\nmain\n"));
    assert_eq!(
        console.ask("Branch", Some("dev")).unwrap().as_deref(),
        Some("dev")
    );
    assert_eq!(
        console.ask("Branch", Some("dev")).unwrap().as_deref(),
        Some("main")
    );
    assert_eq!(console.ask("Branch", Some("dev")).unwrap(), None);
    assert!(recording.err().starts_with("Branch [dev]: "));
}
