//! The build spec that tests a commit: command from the settings, file modes, failure message.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use infra::settings::{EXAMPLE, Settings};
use infra::stacks;
use serde_json::Value as Json;
use tempfile::TempDir;

use super::machine::{self, Outcome};
use super::spec::{self, PhaseName, text};

/// Runs the tests of a checkout whose settings have this command.
fn run(command: &str, files: &[(&str, &str)]) -> (Outcome, TempDir) {
    // For strings, JSON is TOML.
    let setting = Json::from(command).to_string();
    let settings = EXAMPLE.replace("test = \".ci/test rust\"", &format!("test = {setting}"));
    let graph = stacks::graph(&Settings::parse(&settings).unwrap()).unwrap();
    let stack = graph
        .stacks()
        .iter()
        .find(|stack| stack.name == "DevPipelineStack");
    let template: Json = serde_json::from_str(stack.unwrap().body()).unwrap();
    let project = spec::project(&template, "TestsProject");
    let variables: BTreeMap<String, String> = project
        .variables
        .iter()
        .map(|(name, value)| (name.clone(), text(value).to_owned()))
        .collect();
    assert_eq!(variables["TEST_COMMAND"], command);
    let source = TempDir::new().unwrap();
    for (name, content) in files {
        let file = source.path().join(name);
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(&file, content).unwrap();
        // As in an archive that keeps no modes.
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let environment = machine::environment(source.path(), "4f2a9c0", "eu-central-1", &variables);
    (machine::run(&project.spec, source.path(), environment), source)
}

#[test]
fn scripts_without_file_mode_are_executable_and_other_files_are_not() {
    let files = [
        (".ci/test", "#!/bin/sh\necho \"part $1\"; exec ./tools/check\n"),
        ("tools/check", "#!/bin/sh\necho checked\n"),
        ("data.txt", "text\n"),
        ("empty", ""),
        ("target/old", "#!/bin/sh\n"),
    ];
    let (outcome, source) = run(".ci/test rust", &files);
    outcome.assert_succeeded();
    assert_eq!(outcome.log, "part rust\nchecked\n");
    let mode = |name: &str| {
        let file = fs_err::metadata(source.path().join(name)).unwrap();
        file.permissions().mode() & 0o111
    };
    assert_eq!(["data.txt", "empty", "target/old"].map(mode), [0; 3]);
}

#[test]
fn failed_tests_fail_the_build_and_name_the_command() {
    let (outcome, _) = run(
        ".ci/test rust",
        &[(".ci/test", "#!/bin/sh\necho 'a test failed'\nexit 101\n")],
    );
    outcome.assert_failed(PhaseName::Build, "a test failed\n");
    let last = outcome.log.lines().last();
    assert_eq!(
        last,
        Some("error: the tests failed with exit status 101; run them locally: .ci/test rust")
    );
}

#[test]
fn failure_inside_a_pipe_is_a_failure() {
    let (outcome, _) = run("false | cat", &[]);
    outcome.assert_failed(PhaseName::Build, "run them locally: false | cat");
    let (outcome, _) = run(".ci/missing", &[]);
    outcome.assert_failed(PhaseName::Build, "exit status 127");
}

#[test]
fn command_reaches_bash_unchanged() {
    let command = r#"printf '%s|' "it's" '#{x}' $((1 + 1)) "\"q\"" '${A}' 'a: b' %d && [[ $BASH_VERSION ]]"#;
    let (outcome, _) = run(command, &[]);
    outcome.assert_succeeded();
    assert_eq!(outcome.log, "it's|#{x}|2|\"q\"|${A}|a: b|%d|");
}

#[test]
fn command_cannot_change_the_message() {
    let (outcome, _) = run("exit 7 # %s %n \\n", &[]);
    outcome.assert_failed(
        PhaseName::Build,
        "exit status 7; run them locally: exit 7 # %s %n \\n\n",
    );
}
