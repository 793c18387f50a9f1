//! Ctrl-C while AWS does not answer: every verb ends at once, not when its patience with AWS ends.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::formation::Formation;
use super::harness::Harness;
use super::program::{infra, printed, with_mock};

/// Verbs that call AWS, each with its exit code after Ctrl-C.
const VERBS: [(&str, i32); 16] = [
    ("check", 130),
    ("deploy dev --yes", 130),
    ("destroy dev --yes", 130),
    ("diff", 130),
    ("diff --drift", 130),
    ("logs dev", 130),
    ("logs dev --follow", 0),
    ("pipeline approve --yes", 130),
    ("pipeline start dev", 130),
    ("pipeline status", 130),
    ("push --yes --tag 4f2a9c0", 130),
    ("releases", 130),
    ("rollback dev --yes", 130),
    ("run dev -- ls", 130),
    ("status", 130),
    ("status --watch", 0),
];

/// Presses Ctrl-C at the first call that AWS does not answer. Returns exit code and messages.
fn interrupted(verb: &str, silent: impl Fn(&str) -> bool + Send + Copy + 'static) -> (Option<i32>, String) {
    let harness = Harness::with(Formation::default(), move |call| {
        while silent(&call.operation) {
            std::thread::park();
        }
        None
    });
    let home = tempfile::tempdir().unwrap();
    let mut child = with_mock(&mut infra(home.path()), &harness)
        .args(verb.split(' '))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let arrived = || {
        let calls = harness.server.calls();
        calls.iter().any(|call| silent(&call.operation))
    };
    while !arrived() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    // A program that has ended fails the test by its exit code.
    let _ = kill_process(Pid::from_child(&child), Signal::INT);
    let output = child.wait_with_output().unwrap();
    (output.status.code(), printed(&output))
}

#[test]
fn ctrl_c_ends_every_verb_that_signs_in() {
    for (verb, _) in VERBS {
        let (code, said) = interrupted(verb, |operation| operation == "GetCallerIdentity");
        assert_eq!(code, Some(130), "{verb}: {said}");
    }
}

#[test]
fn ctrl_c_ends_every_verb_that_waits_for_aws() {
    for (verb, expected) in VERBS {
        let (code, said) = interrupted(verb, |operation| operation != "GetCallerIdentity");
        assert_eq!(code, Some(expected), "{verb}: {said}");
    }
}
