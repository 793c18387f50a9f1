//! Every verb in an account without stacks: output and exit code.

use super::fixture::{Fixture, harness};
use super::formation::Formation;
use super::program::{infra, printed, with_mock};

/// Runs these verbs one after another.
fn sessions(verbs: &[&str], arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let (harness, _) = harness(Formation::default(), Fixture::default());
    let sessions: Vec<_> = verbs
        .iter()
        .map(|verb| {
            let mut command = infra(home.path());
            let output = with_mock(&mut command, &harness)
                .args(verb.split(' '))
                .args(arguments)
                .output()
                .unwrap();
            let data = String::from_utf8_lossy(&output.stdout).into_owned();
            let code = output.status.code().unwrap();
            format!("$ infra {verb}\n{data}{}[exit {code}]", printed(&output))
        })
        .collect();
    sessions.join("\n\n")
}

#[test]
fn verbs_that_need_stacks_fail_and_name_account_and_region() {
    insta::assert_snapshot!(sessions(
        &[
            "logs dev",
            "rollback prod",
            "pipeline status",
            "pipeline start release",
            "pipeline start dev",
            "pipeline approve",
        ],
        &[]
    ));
}

#[test]
fn read_only_verbs_succeed_and_name_account_and_region() {
    insta::assert_snapshot!(sessions(&["status", "releases", "destroy dev"], &[]));
}

#[test]
fn diff_without_stacks_names_account_and_region() {
    let printed = sessions(&["diff"], &[]);
    assert!(printed.contains("DevAppStack: new stack"), "{printed}");
    assert!(
        printed.contains(
            "hint: searched account 123456789012 in eu-west-1; change that with infra.toml or `--profile`"
        ),
        "{printed}"
    );
}

#[test]
fn json_output_without_stacks() {
    let printed = sessions(&["status"], &["--json"]);
    let document = printed
        .split_once('\n')
        .unwrap()
        .1
        .split("hint: ")
        .next()
        .unwrap();
    let document: serde_json::Value = serde_json::from_str(document.trim()).unwrap();
    assert_eq!(document["stacks"][0]["status"], serde_json::Value::Null);
}
