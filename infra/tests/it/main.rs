//! Integration tests of `infra`, in one binary to link once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

// An app in another language.
mod another_app;
// Builds of the pipelines: permissions, variables, artifacts; the machine that runs build specs.
mod builds;
// Invalid settings files.
mod broken_settings;
// Commands that call AWS, against mock servers.
#[cfg(feature = "aws")]
mod cloud;
// Addresses that nobody listens on.
#[path = "../../../.ci/vacant.rs"]
mod vacant;
// Completion scripts.
mod completions;
// docker-compose.yml matches `infra compose`.
mod compose;
// `infra diff --against`.
mod diff;
// `infra cost`.
mod cost;
// Dashboard, alarms and saved queries.
mod metrics;
// `infra diagram`.
mod diagrams;
// Dockerfiles match the service description.
mod dockerfiles;
// Help texts and usage errors.
mod grammar;
// Ports of the load balancers.
mod https;
// docs/deployment.svg matches the templates.
mod deployment_picture;
// `infra init`.
mod init;
// Property tests with random valid settings.
mod properties;
// Import rules of the crate.
mod layers;
// `infra local` with mock programs.
mod local;
// `infra` in a temporary directory.
mod program;
// IAM policies for deployers match the tool's calls.
#[cfg(feature = "aws")]
mod permissions;
// `infra local` with the real programs.
mod real;
// docs/resources.md matches the templates.
mod resources;
// A running `infra`: output, signals, exit code.
mod run;
// Session of `infra local` with short timeouts.
mod session;
// A temporary checkout with two programs.
mod harness;
// docs/stuck-states.md matches the session snapshots.
#[cfg(feature = "aws")]
mod stuck_states;
// Targets of the command line.
mod targets;
// Templates: golden files and invariants.
mod templates;
