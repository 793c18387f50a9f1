//! Verbs that call AWS, with the real SDK client over real sockets.

// HTTP proxy with a private certificate authority.
mod behind_proxy;
// `deploy` with a command before the release.
mod before_release;
// Verbs on deployed environments: check, status, logs, releases, rollback, pipeline.
mod deployed_environments;
// Domains in hosted zones: look-up, wait, checks.
mod domains;
// Deletion: order and confirmation.
mod destroying;
// Failed deployments and their diagnosis.
mod failing;
// New accounts: service-linked roles, pending connection.
mod first_day;
// Fixture of all AWS services but CloudFormation.
mod fixture;
// CloudFormation mock that advances one step per call.
mod formation;
// Runs and records sessions.
mod harness;
// Ctrl-C, once and twice.
mod interrupting;
// Verbs without any stacks.
mod nothing_there;
// The program without AWS, and killed during a deployment.
mod program;
// `run`: one-off tasks.
mod one_off;
// Stacks of other projects are never changed.
mod ownership;
// Change sets of other users, and outdated ones.
mod plans;
// Whole sessions.
mod sessions;
// Expired and missing sign-in sessions.
mod signing_in;
// Ctrl-C while AWS does not answer.
mod silent;
// `push`: images built here, with a fake `docker`.
mod pushing;
// Stuck stacks.
mod stuck;
// Arguments and JSON output.
mod typing;
// Mock server for the AWS protocols.
mod wire;
