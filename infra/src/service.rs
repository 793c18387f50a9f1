//! The one description of the service: two containers, wherever they run.
//!
//! ```text
//! visitors ──► proxy :8080 ──► app :3000
//! ```
//!
//! The ECS task definition, `docker-compose.yml` and the local run are all made from [`containers`], so that what
//! works in one place works in the others. What differs between the three is in here as well, with the reason
//! beside it: mostly where the proxy finds the app, and how patient a stop is.
//!
//! Pure data. It must not know how a runtime writes things down: no YAML, no CloudFormation, no processes.

use std::net::SocketAddr;
use std::time::Duration;

/// Port on which the app listens.
pub const APP_PORT: u16 = 3000;
/// Port on which the proxy listens: the only one that visitors and the load balancer talk to.
pub const PROXY_PORT: u16 = 8080;
/// Path on which the app tells whether it is up.
pub const APP_HEALTH_PATH: &str = "/healthz";
/// Path on which the proxy tells whether it and the app behind it can take requests: for the load balancer.
pub const PROXY_HEALTH_PATH: &str = "/healthz/ready";
/// User and group that both containers run as. Numeric, since the images have no user database.
pub const USER: &str = "65532:65532";
/// Time that the load balancer keeps an idle connection. The proxy keeps its end open longer, so that it is never
/// the one that closes a connection on which a request is on its way.
pub const LOAD_BALANCER_IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// Where the service runs.
#[derive(Clone, Copy, Debug)]
pub enum Runtime<'a> {
    /// A Fargate task: the containers share one network namespace, a load balancer is in front.
    Task,
    /// Docker compose: each container has an address of its own, found by its name.
    Compose,
    /// Two processes on this machine, on ports that were free.
    Local(&'a LocalPlaces),
}

/// What a local run has to decide for itself: everything binds to loopback.
#[derive(Clone, Debug)]
pub struct LocalPlaces {
    /// Where the app listens.
    pub app: SocketAddr,
    /// Where the proxy listens.
    pub proxy: SocketAddr,
    /// Where the proxy's metrics and health endpoints are.
    pub admin: SocketAddr,
    /// Folder with `templates/` and `static/`, read anew at every request.
    pub source: String,
}

/// A container, or the process that stands for it.
#[derive(Clone, Debug)]
pub struct Container {
    /// Name in the task, in compose and before each line of the logs.
    pub name: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// Cargo package, binary and name of the image.
    pub package: &'static str,
    /// File that builds the image, relative to the workspace.
    pub dockerfile: &'static str,
    /// Folders of the workspace that go into the image besides its package.
    pub content: &'static [&'static str],
    /// Arguments after the image's entry point, the binary.
    pub command: &'static [&'static str],
    /// Port that it listens on.
    pub port: u16,
    /// Visitors reach it; others only from inside the task or the compose network.
    pub published: bool,
    /// Name of the container that must be healthy before this one starts. Stopping goes the other way round.
    pub starts_after: Option<&'static str>,
    /// Its environment, in the order in which to list it.
    pub environment: Vec<Variable>,
    /// How to find out whether it is well.
    pub health: HealthCheck,
    /// How to end it.
    pub stop: Stop,
    /// `user:group`, numeric.
    pub user: &'static str,
    /// The root file system cannot be written.
    pub read_only_root: bool,
}

impl Container {
    /// Path of the binary inside the image.
    pub fn binary(&self) -> String {
        format!("/{}", self.package)
    }
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: Value,
    /// Why this runtime needs it.
    pub why: &'static str,
}

/// The value of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// This text.
    Text(String),
    /// The address that visitors type, like `https://penguins.example`. Only the runtime knows it.
    PublicUrl,
}

/// The probe that an image answers itself, by its `health` subcommand.
#[derive(Clone, Debug)]
pub struct HealthCheck {
    /// Program and arguments, run inside the container without a shell.
    pub command: Vec<String>,
    /// Time between two probes.
    pub interval: Duration,
    /// Time after which a probe counts as failed. The subcommand itself gives up after 2 s.
    pub timeout: Duration,
    /// Failures in a row after which the container counts as unhealthy.
    pub retries: u32,
    /// Time after the start in which failures do not count.
    pub start_period: Duration,
}

/// How a container is ended.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// The signal that asks for a drain.
    pub signal: &'static str,
    /// Time until SIGKILL.
    pub timeout: Duration,
}

/// The two containers as `runtime` runs them, in the order in which they start.
pub fn containers(runtime: Runtime<'_>) -> [Container; 2] {
    let app = app(runtime);
    let proxy = proxy(runtime, &app);
    [app, proxy]
}

fn app(runtime: Runtime<'_>) -> Container {
    let listen = match runtime {
        Runtime::Task | Runtime::Compose => format!("[::]:{APP_PORT}"),
        Runtime::Local(places) => places.app.to_string(),
    };
    let mut environment = vec![
        text("APP_LISTEN", listen, "where the proxy expects it"),
        Variable {
            name: "APP_PUBLIC_URL",
            value: Value::PublicUrl,
            why: "for links that must be absolute: sitemap, canonical",
        },
        text(
            "APP_DRAIN_TIMEOUT",
            seconds(app_drain(runtime)),
            "ends before the stop timeout does",
        ),
        text("APP_LOG_FORMAT", log_format(runtime), LOG_FORMAT_WHY),
    ];
    if let Runtime::Local(places) = runtime {
        environment.push(text(
            "APP_SOURCE_DIR",
            places.source.clone(),
            "an edit shows at the next reload",
        ));
    }
    let (package, stop) = (
        "penguin-app",
        Stop {
            signal: "SIGTERM",
            timeout: stop_timeout(runtime),
        },
    );
    Container {
        name: "app",
        summary: "the web site",
        package,
        dockerfile: "Dockerfile.app",
        content: &["templates", "static"],
        command: &["serve"],
        port: APP_PORT,
        published: false,
        starts_after: None,
        environment,
        health: health(runtime, package),
        stop,
        user: USER,
        read_only_root: true,
    }
}

fn proxy(runtime: Runtime<'_>, app: &Container) -> Container {
    // The fault that this file exists to prevent: `localhost` is right in a task and wrong under compose.
    let (upstream, listen) = match runtime {
        Runtime::Task => (format!("localhost:{}", app.port), format!("[::]:{PROXY_PORT}")),
        Runtime::Compose => (format!("{}:{}", app.name, app.port), format!("[::]:{PROXY_PORT}")),
        Runtime::Local(places) => (places.app.to_string(), places.proxy.to_string()),
    };
    let mut environment = vec![
        text(
            "PROXY_UPSTREAM",
            upstream,
            "where the app is, seen from the proxy",
        ),
        text("PROXY_LISTEN", listen, "the port that visitors reach"),
        text(
            "PROXY_HEALTH_PATH",
            PROXY_HEALTH_PATH.to_owned(),
            "what the load balancer asks for",
        ),
        text(
            "PROXY_PRE_DRAIN",
            seconds(pre_drain(runtime)),
            "a load balancer goes on sending after the stop signal",
        ),
        text(
            "PROXY_STOP_TIMEOUT",
            seconds(stop_timeout(runtime)),
            "the drain is over before the runtime kills",
        ),
        text("PROXY_LOG_FORMAT", log_format(runtime), LOG_FORMAT_WHY),
    ];
    if let Some(idle) = drain_idle(runtime) {
        environment.push(text(
            "PROXY_DRAIN_IDLE",
            seconds(idle),
            "a browser's idle connection does not delay the stop",
        ));
    }
    match runtime {
        Runtime::Task => environment.push(text(
            "PROXY_LB_IDLE_TIMEOUT",
            seconds(LOAD_BALANCER_IDLE_TIMEOUT),
            "its own connections outlive those of the load balancer",
        )),
        Runtime::Compose => {}
        Runtime::Local(places) => environment.push(text(
            "PROXY_ADMIN_LISTEN",
            places.admin.to_string(),
            "metrics, on a port that is free here",
        )),
    }
    let package = "penguin-proxy";
    Container {
        name: "proxy",
        summary: "the sidecar in front of it",
        package,
        dockerfile: "Dockerfile.proxy",
        content: &[],
        command: &["serve"],
        port: PROXY_PORT,
        published: true,
        starts_after: Some(app.name),
        environment,
        health: health(runtime, package),
        stop: Stop {
            signal: "SIGTERM",
            timeout: stop_timeout(runtime),
        },
        user: USER,
        read_only_root: true,
    }
}

/// Time between the stop signal and SIGKILL. Fargate's default is 30 s, compose's 10 s; whoever sits before a
/// terminal has less patience.
fn stop_timeout(runtime: Runtime<'_>) -> Duration {
    Duration::from_secs(match runtime {
        Runtime::Task => 30,
        Runtime::Compose => 10,
        Runtime::Local(_) => 5,
    })
}

/// Time in which the app finishes what it has begun. The proxy has drained by then, so that little is left.
fn app_drain(runtime: Runtime<'_>) -> Duration {
    Duration::from_secs(match runtime {
        Runtime::Task => 10,
        Runtime::Compose => 5,
        Runtime::Local(_) => 3,
    })
}

/// Time for which the proxy goes on accepting after the stop signal. Nobody but a load balancer needs it: one was
/// seen to send for 15 s and more after it had been told to stop.
fn pre_drain(runtime: Runtime<'_>) -> Duration {
    Duration::from_secs(match runtime {
        Runtime::Task => 15,
        Runtime::Compose | Runtime::Local(_) => 0,
    })
}

/// Time for which an idle connection is kept while the proxy stops. `None` is until the drain's end: a load balancer
/// may have a request on its way. A browser tries again by itself.
fn drain_idle(runtime: Runtime<'_>) -> Option<Duration> {
    match runtime {
        Runtime::Task => None,
        Runtime::Compose => Some(Duration::from_secs(2)),
        Runtime::Local(_) => Some(Duration::ZERO),
    }
}

const LOG_FORMAT_WHY: &str = "JSON for log queries, text for people";

fn log_format(runtime: Runtime<'_>) -> String {
    match runtime {
        Runtime::Task => "json",
        Runtime::Compose | Runtime::Local(_) => "text",
    }
    .to_owned()
}

fn health(runtime: Runtime<'_>, package: &str) -> HealthCheck {
    // The proxy waits for the app to be healthy, and the first probe comes after one interval: a short interval is
    // a quick start. 5 s is the shortest that ECS takes.
    let (interval, start_period) = match runtime {
        Runtime::Task => (5, 15),
        Runtime::Compose => (2, 10),
        Runtime::Local(_) => (5, 5),
    };
    HealthCheck {
        command: vec![format!("/{package}"), "health".to_owned()],
        interval: Duration::from_secs(interval),
        timeout: Duration::from_secs(3),
        retries: 3,
        start_period: Duration::from_secs(start_period),
    }
}

fn text(name: &'static str, value: String, why: &'static str) -> Variable {
    Variable {
        name,
        value: Value::Text(value),
        why,
    }
}

/// A duration as both servers read it, like `15s`. All of ours are whole seconds.
fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs())
}

#[cfg(test)]
mod tests;
