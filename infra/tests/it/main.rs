//! Integration tests of `infra`: one binary, so that it links once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

// The builds of the pipelines: rights, variables, artifacts; and the machine that runs them.
mod builds;
// Ten settings files with mistakes.
mod broken_settings;
// Deployments and destructions, against stand-ins for AWS that speak its protocols.
#[cfg(feature = "aws")]
mod cloud;
// Completion scripts.
mod completions;
// The printed docker-compose.yml, against the file in the repository.
mod compose;
// Templates against earlier ones.
mod diff;
// `infra cost`: the estimate, its refusals, and the comparison in the manual.
mod cost;
// `infra diagram`: the pictures in the repository, and where a picture goes.
mod diagrams;
// The Dockerfiles, against the description and the workspace.
mod dockerfiles;
// The grammar: what `--help` says, and how misuse is answered.
mod grammar;
// Ports of the load balancers, with and without a certificate.
mod https;
// A fork's first settings.
mod init;
// Promises that hold for any valid settings.
mod properties;
// The layers of the crate: who may name what.
mod layers;
// `infra local` with stand-ins for the two programs: start, drain, death, misuse.
mod local;
// `infra` in a folder of its own.
mod program;
// The policies for the person deploying, against the calls of the tool.
#[cfg(feature = "aws")]
mod permissions;
// `infra local` with the real programs, built by it.
mod real;
// docs/resources.md, against the templates.
mod resources;
// A run of `infra` as a person sees it: lines as they come, signals, exit code.
mod run;
// The session behind `infra local`, with less patience than a person has.
mod session;
// A checkout and two programs to run, made for one test.
mod stage;
// The page about stuck stacks, against the snapshots of sessions with them.
#[cfg(feature = "aws")]
mod stuck_states;
// Which stacks a target means.
mod targets;
// The templates: goldens, and promises that hold whatever is set.
mod templates;
