//! Stop timeouts, drains and health checks, which differ between the runtimes.

use std::time::Duration;

use super::{App, HealthCheck, Runtime};

/// Time between the stop signal and SIGKILL: the default of Fargate (30 s) and of compose (10 s); less in a terminal.
pub(super) fn stop_timeout(runtime: Runtime<'_>) -> Duration {
    Duration::from_secs(match runtime {
        Runtime::Task => 30,
        Runtime::Compose => 10,
        Runtime::Local(_) => 5,
    })
}

/// Stop timeout of the app.
pub(super) fn app_stop_timeout(app: &App, runtime: Runtime<'_>) -> Duration {
    app.stop_timeout.unwrap_or_else(|| stop_timeout(runtime))
}

/// Drain timeout of the app; the proxy has already drained when the app is stopped.
pub(super) fn app_drain(app: &App, runtime: Runtime<'_>) -> Duration {
    if let Some(stop) = app.stop_timeout {
        return stop.saturating_sub(Duration::from_secs(2));
    }
    Duration::from_secs(match runtime {
        Runtime::Task => 10,
        Runtime::Compose => 5,
        Runtime::Local(_) => 3,
    })
}

/// Time in which the proxy accepts connections after the stop signal. Load balancers were observed to send requests for
/// 15 s and more after deregistration.
pub(super) fn pre_drain(runtime: Runtime<'_>) -> Duration {
    Duration::from_secs(match runtime {
        Runtime::Task => 15,
        Runtime::Compose | Runtime::Local(_) => 0,
    })
}

/// Idle timeout during a drain. `None`: until the end of the drain, since a load balancer may be sending a request;
/// browsers retry.
pub(super) fn drain_idle(runtime: Runtime<'_>) -> Option<Duration> {
    match runtime {
        Runtime::Task => None,
        Runtime::Compose => Some(Duration::from_secs(2)),
        Runtime::Local(_) => Some(Duration::ZERO),
    }
}

/// In a task, a failed health check replaces the task, so that it only checks liveness; the load balancer checks readiness.
/// Under compose and locally, it is the readiness that `--wait` waits for.
pub(super) fn proxy_health(runtime: Runtime<'_>, package: &str) -> HealthCheck {
    let question = match runtime {
        Runtime::Task => "--live",
        Runtime::Compose | Runtime::Local(_) => "--ready",
    };
    let mut health = health(runtime, package);
    health.command.push(question.to_owned());
    health
}

pub(super) fn health(runtime: Runtime<'_>, package: &str) -> HealthCheck {
    // The proxy starts when the app is healthy, and the first probe runs after one interval. ECS's minimum is 5 s.
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

/// Formats a duration for the servers, for example `15s`; all durations here are whole seconds.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs())
}
