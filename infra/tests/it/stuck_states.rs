//! `docs/stuck-states.md`: what the tool says and does in each, put together from the snapshots of those sessions.
//!
//! `UPDATE_DOCS=1 cargo test -p infra stuck_states` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

/// A stack's state, what `deploy` does, and the session that shows it.
const STATES: [(&str, &str, &str); 5] = [
    (
        "`REVIEW_IN_PROGRESS`",
        "A run was killed before it executed its change set. The change sets of earlier runs are removed, the empty stack is used; \
         what `--no-execute` left for a person stays.",
        "stuck__an_empty_stack_that_an_earlier_run_left_is_used",
    ),
    (
        "Any `…_IN_PROGRESS`",
        "Somebody else, a pipeline or a run that was killed is at work. It is joined and watched to its end; then the deployment \
         goes on with a change set of its own.",
        "stuck__an_operation_under_way_is_joined_and_then_the_deployment_goes_on",
    ),
    (
        "`ROLLBACK_COMPLETE`, `ROLLBACK_FAILED`, `CREATE_FAILED`",
        "The stack never came into being, and CloudFormation will not update it. Why is told; with consent the remains are deleted \
         and the stack is created.",
        "stuck__a_stack_that_never_came_into_being_is_created_anew_with_consent",
    ),
    (
        "`UPDATE_ROLLBACK_FAILED`",
        "With consent the rollback is continued. If it stays stuck, the resources that hold it up are named, and with consent \
         skipped; `--yes` never skips.",
        "stuck__a_stuck_rollback_is_continued_and_what_holds_it_up_skipped_with_consent",
    ),
    (
        "`DELETE_FAILED`",
        "What could not be deleted is named, with the reason. Deleting is the person's decision: `deploy` stops, and \
         `infra destroy` goes on where the deletion stopped.",
        "stuck__a_deletion_that_failed_is_explained",
    ),
];

#[test]
fn the_page_holds_the_sessions_as_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut page = String::from(
        "# Stuck stacks\n\nWhat `infra deploy` says and does about a stack that is not at rest. The sessions are snapshots of the \
         tests\n(`tests/it/cloud/stuck.rs`), and a test holds this page against them.\n",
    );
    for (state, told, snapshot) in STATES {
        let path = root.join(format!("tests/it/cloud/snapshots/it__cloud__{snapshot}.snap"));
        let text = fs_err::read_to_string(path).unwrap();
        let session = text.splitn(3, "---\n").nth(2).unwrap();
        write!(
            page,
            "\n## {state}\n\n{told}\n\n```\n{}\n```\n",
            session.trim_end()
        )
        .unwrap();
    }
    let file = root.join("docs/stuck-states.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs_err::write(&file, &page).unwrap();
    }
    assert!(
        fs_err::read_to_string(&file).unwrap_or_default() == page,
        "docs/stuck-states.md is not what the snapshots say: `UPDATE_DOCS=1 cargo test -p infra stuck_states` writes it"
    );
}
