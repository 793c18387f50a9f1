//! The real images in Docker: as `docker compose up` and as a Fargate task.
//!
//! Needs a Docker Engine with compose v2 and buildx, the images (`docker compose build`) and the tools of `requirements.txt`;
//! `.ci/test containers` installs them. Measured figures are printed. Containers, networks and ports belong to one test.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

// Images: size, user, contents, labels.
mod images;
// Build specs of the pipelines.
mod builds;
// `docker compose up`: start time and memory.
mod compose;
// The app is restarted, killed, recreated and moved under load.
mod moving;
// `docker compose stop` under load.
mod stopping;
// An app in another language, with settings and a Dockerfile.
mod flask;
// Two containers in one network namespace, like a Fargate task.
mod task;
// Three tasks behind a load balancer are replaced under load; also with nginx as sidecar.
mod rolling;
// Configuration errors of users.
mod misuse;

// HAProxy as mock load balancer.
mod balancer;
// nginx instead of the proxy.
mod nginx;
// The `docker` command.
mod docker;
// Load generator.
mod load;
// Addresses that nobody listens on.
#[path = "../../../.ci/vacant.rs"]
mod vacant;
// The repository's compose file with a project name per test.
mod project;
