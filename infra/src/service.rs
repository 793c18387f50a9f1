//! Description of the service: two containers, independent of the runtime.
//!
//! ```text
//! clients ──► proxy :8080 ──► app :3000
//! ```
//!
//! The ECS task definition, `docker-compose.yml` and the local run are generated from [`Service::containers`]. Differences
//! between the runtimes, such as the proxy's upstream and stop timeouts, are here with their reasons. Pure data without YAML,
//! CloudFormation or processes.
//!
//! ```text
//! options      what the settings file may change
//! containers   the two containers, from options and runtime
//! timing       stop timeouts, drains and health checks of the runtimes
//! ```

mod containers;
mod options;
mod timing;

use std::net::SocketAddr;
use std::time::Duration;

pub use containers::{metrics, release};
pub use options::{APP_DOCKERFILE, APP_VARIABLES, App, PROXY_VARIABLES, Proxy, Secret, Service};

/// Names of the two containers, in start order.
pub const CONTAINERS: [&str; 2] = ["app", "proxy"];

/// Port of the app.
pub const APP_PORT: u16 = 3000;
/// Port of the proxy's metrics and health endpoints, on loopback.
pub const ADMIN_PORT: u16 = 9901;
/// Port of the proxy, the only one that clients and the load balancer use.
pub const PROXY_PORT: u16 = 8080;
/// Health check path of the app.
pub const APP_HEALTH_PATH: &str = "/healthz";
/// Readiness path of the proxy, checked by the load balancer: the proxy and its upstream can serve requests.
pub const PROXY_HEALTH_PATH: &str = "/healthz/ready";
/// Error page of the site in the image of the proxy.
const ERROR_PAGE: &str = "/error-page.html";
const ERROR_PAGE_VARIABLE: &str = "PROXY_ERROR_PAGE";
/// User and group of both containers; numeric, since the images have no user database.
pub const USER: &str = "65532:65532";
/// Idle timeout of the load balancer. The proxy's is longer, so that it never closes a connection on which a request is
/// being sent.
pub const LOAD_BALANCER_IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// Where the service runs.
#[derive(Clone, Copy, Debug)]
pub enum Runtime<'a> {
    /// Fargate task: the containers share a network namespace behind a load balancer.
    Task,
    /// Docker Compose: each container has its own address, resolved by name.
    Compose,
    /// Two processes on this machine.
    Local(&'a LocalPlaces),
}

/// Addresses and paths of a local run.
#[derive(Clone, Debug)]
pub struct LocalPlaces {
    /// Address of the app.
    pub app: SocketAddr,
    /// Address of the proxy.
    pub proxy: SocketAddr,
    /// Address of the proxy's metrics and health endpoints.
    pub admin: SocketAddr,
    /// Directory with `templates/` and `static/`, read at every request.
    pub source: String,
}

/// A container, or the process that replaces it.
#[derive(Clone, Debug)]
pub struct Container {
    /// Name in the task, in compose and in log prefixes.
    pub name: &'static str,
    /// Short description.
    pub summary: &'static str,
    /// Name of cargo package, binary and image.
    pub package: &'static str,
    /// Whether the program is the binary of the cargo package. If not, only the image and `command` are known.
    pub is_package: bool,
    /// Dockerfile, relative to the workspace.
    pub dockerfile: String,
    /// Files and directories of the workspace in the image.
    pub content: Vec<String>,
    /// Arguments of the binary; empty: the command of the image.
    pub command: Vec<String>,
    /// Listening port.
    pub port: u16,
    /// Whether clients reach it from outside the task or compose network.
    pub published: bool,
    /// Container that starts before this one, and must be healthy if it has a health check. Containers stop in reverse order.
    pub starts_after: Option<StartsAfter>,
    /// Environment variables in display order.
    pub environment: Vec<Variable>,
    /// Health check of the container. `None`: the proxy checks the app by HTTP.
    pub health: Option<HealthCheck>,
    /// Stop signal and timeout.
    pub stop: Stop,
    /// `user:group`, numeric.
    pub user: &'static str,
    /// Whether the root file system is read-only.
    pub read_only_root: bool,
}

/// The container that another one follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartsAfter {
    /// Name of the earlier container.
    pub container: &'static str,
    /// Whether it must be healthy, not only started.
    pub healthy: bool,
}

impl Container {
    /// Returns the path of the binary in the image.
    pub fn binary(&self) -> String {
        format!("/{}", self.package)
    }
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Name.
    pub name: String,
    /// Value.
    pub value: Value,
    /// Reason, shown as a comment.
    pub why: &'static str,
}

/// The value of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A literal.
    Text(String),
    /// URL of the site, for example `https://penguins.example`; known by the runtime.
    PublicUrl,
    /// Whether search engines may index the site: [`INDEXING_ALLOW`] in prod, else [`INDEXING_DENY`].
    Indexing,
    /// Image tag of the release; known by the deployment.
    Release,
    /// A secret, whose value the runtime looks up.
    Secret(Secret),
}

/// Value of [`Value::Indexing`] in prod.
pub const INDEXING_ALLOW: &str = "allow";
/// Value of [`Value::Indexing`] elsewhere.
pub const INDEXING_DENY: &str = "deny";

/// The image's own health check, its `health` subcommand.
#[derive(Clone, Debug)]
pub struct HealthCheck {
    /// Program and arguments, executed in the container without a shell.
    pub command: Vec<String>,
    /// Time between two probes.
    pub interval: Duration,
    /// Timeout of a probe; the subcommand itself times out after 2 s.
    pub timeout: Duration,
    /// Consecutive failures that make the container unhealthy.
    pub retries: u32,
    /// Time after the start in which failures are ignored.
    pub start_period: Duration,
}

/// How a container is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// Signal that starts the drain.
    pub signal: &'static str,
    /// Time until SIGKILL.
    pub timeout: Duration,
}

#[cfg(test)]
mod tests;
