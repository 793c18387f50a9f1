//! The program in a region where nothing of ours is: what every verb says, where it has looked, and how it ends.

use super::formation::Formation;
use super::program::{infra, on_stage, told};
use super::world::{World, stage};

/// The sessions of these verbs, after one another.
fn sessions(verbs: &[&str], arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let (stage, _) = stage(Formation::default(), World::default());
    let sessions: Vec<_> = verbs
        .iter()
        .map(|verb| {
            let mut command = infra(home.path());
            let output = on_stage(&mut command, &stage)
                .args(verb.split(' '))
                .args(arguments)
                .output()
                .unwrap();
            let data = String::from_utf8_lossy(&output.stdout).into_owned();
            let code = output.status.code().unwrap();
            format!("$ infra {verb}\n{data}{}[exit {code}]", told(&output))
        })
        .collect();
    sessions.join("\n\n")
}

#[test]
fn what_needs_something_there_fails_and_says_where_it_has_looked() {
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
fn what_only_looks_says_that_nothing_is_there_and_where_it_has_looked() {
    insta::assert_snapshot!(sessions(&["status", "releases", "destroy dev"], &[]));
}

#[test]
fn a_comparison_with_nothing_says_where_it_has_looked() {
    let told = sessions(&["diff"], &[]);
    assert!(told.contains("DevAppStack: a new stack"), "{told}");
    assert!(
        told.contains(
            "hint: looked in eu-west-1 of account 123456789012; infra.toml, `--profile` change that"
        ),
        "{told}"
    );
}

#[test]
fn programs_get_their_documents_all_the_same() {
    let told = sessions(&["status"], &["--json"]);
    let document = told.split_once('\n').unwrap().1.split("hint: ").next().unwrap();
    let document: serde_json::Value = serde_json::from_str(document.trim()).unwrap();
    assert_eq!(document["stacks"][0]["status"], serde_json::Value::Null);
}
