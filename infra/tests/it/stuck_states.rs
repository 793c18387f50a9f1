//! `docs/stuck-states.md` is generated from the session snapshots.
//!
//! `UPDATE_DOCS=1 cargo test -p infra stuck_states` updates it.

use std::fmt::Write as _;
use std::path::Path;

/// State of a stack, what `deploy` does, and the snapshot that shows it.
const STATES: [(&str, &str, &str); 5] = [
    (
        "`REVIEW_IN_PROGRESS`",
        "A run was interrupted before it executed its change set. `deploy` deletes old change sets and reuses the empty stack.",
        "stuck__empty_stack_of_an_earlier_run_is_reused",
    ),
    (
        "Any `…_IN_PROGRESS`",
        "Another user, a pipeline or an interrupted run is updating the stack. `deploy` waits for the end and then plans \
         its own change set.",
        "stuck__running_operation_is_followed_before_deployment",
    ),
    (
        "`ROLLBACK_COMPLETE`, `ROLLBACK_FAILED`, `CREATE_FAILED`",
        "Creation failed, and CloudFormation cannot update the stack. `deploy` shows the reason, and after confirmation deletes \
         and recreates the stack.",
        "stuck__failed_creation_is_recreated_after_confirmation",
    ),
    (
        "`UPDATE_ROLLBACK_FAILED`",
        "After confirmation, `deploy` continues the rollback. If it fails again, `deploy` names the blocking resources and skips \
         them after confirmation; `--yes` never skips.",
        "stuck__failed_rollback_is_continued_and_resources_skipped",
    ),
    (
        "`DELETE_FAILED`",
        "`deploy` names the remaining resources and the reason, and stops. `infra destroy` retries the deletion.",
        "stuck__failed_deletion_is_explained",
    ),
];

#[test]
fn page_matches_the_snapshots() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut page = String::from(
        "# Stuck stacks\n\nHow `infra deploy` handles stacks in a transitional or failed status. The sessions are test \
         snapshots\n(`tests/it/cloud/stuck.rs`).\n",
    );
    for (state, description, snapshot) in STATES {
        let path = root.join(format!("tests/it/cloud/snapshots/it__cloud__{snapshot}.snap"));
        let text = fs_err::read_to_string(path).unwrap();
        let session = text.splitn(3, "---\n").nth(2).unwrap();
        write!(
            page,
            "\n## {state}\n\n{description}\n\n```\n{}\n```\n",
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
        "docs/stuck-states.md is outdated; update it: `UPDATE_DOCS=1 cargo test -p infra stuck_states`"
    );
}
