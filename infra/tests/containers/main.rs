//! The real images under the real engine: what `docker compose up` and a Fargate task would do with them.
//!
//! Needs a Docker Engine with compose v2 and buildx, the two images (`docker compose build`), and the tools of
//! `requirements.txt`; `.ci/test containers` sees to all of them. Figures are printed as they are measured. Every container, network and port is the test's own and goes with it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

// The images themselves: size, user, contents, labels, how they take being read-only.
mod images;
// The build specs of the pipelines, run for real.
mod builds;
// One command and the site is there; what it costs in time and memory.
mod compose;
// The app is restarted, killed, recreated and moved under load, and the proxy stays.
mod moving;
// `docker compose stop` under load.
mod stopping;
// Two containers in one network namespace: a Fargate task on one machine.
mod task;
// Three tasks behind a load balancer are replaced, told and untold; the same with nginx as the sidecar.
mod rolling;
// What users get wrong, and what they are told.
mod misuse;

// HAProxy in the place of the load balancer.
mod balancer;
// nginx in the place of the proxy.
mod nginx;
// The `docker` command.
mod docker;
// A steady load and an exact account of it.
mod load;
// The repository's compose file, under a name of its own.
mod project;
