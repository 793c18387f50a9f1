//! Stories: the real program against ministack on loopback.
//!
//! A separate test binary, since it needs the Python tools of `.ci/test` and only the program of this crate.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

// AWS mock.
mod cloud;
// Status, releases, rollback.
mod releases;
// `kill -9` in every phase.
mod killed;
// The command before a release.
mod before_release;
// Life cycle of a deployment.
mod life;
// Relay between program and mock.
mod relay;
// What ministack lacks, as a new account has it.
mod new_account;
// The page about the first deployment, played.
mod walk_through;
// The server of the integration tests, which speaks AWS's protocols.
#[path = "../it/cloud"]
#[expect(dead_code, clippy::panic, reason = "the integration tests use all of it")]
mod mocks {
    pub(crate) mod wire;
}
// Addresses that nobody listens on.
#[path = "../../../.ci/vacant.rs"]
mod vacant;
// Runs the program in a pipe or a terminal.
mod run;
