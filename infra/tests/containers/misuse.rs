//! Configuration errors and their messages.

use std::time::Duration;

use crate::compose::get;
use crate::docker::{Own, alone, figure, own_name, wait_for};
use crate::project::Project;

/// Starts a service with an invalid variable and returns its log.
fn refused(service: &str, variable: &str, value: &str) -> String {
    let project = Project::new(&format!("misuse-{service}"));
    project.overlay(&format!(
        "services:\n  {service}:\n    environment:\n      {variable}: \"{value}\"\n"
    ));
    project.compose(&["up", "--detach", "--no-build", "--no-deps", service]);
    let container = project.container(service);
    wait_for("the container to end", Duration::from_secs(20), || {
        (!container.is_running()).then_some(())
    });
    let logs = project.compose(&["logs", "--no-color", "--no-log-prefix", service]);
    assert_eq!(container.exit_code(), 64, "{logs}");
    assert!(
        logs.contains(variable) && logs.contains(value),
        "the log lacks variable or value:\n{logs}"
    );
    figure(&format!("{variable}={value}: exit 64: {}", logs.trim()));
    logs
}

#[test]
fn invalid_value_is_named() {
    let _turn = alone();
    refused("app", "APP_DRAIN_TIMEOUT", "soon");
    refused("proxy", "PROXY_UPSTREAM", "localhost");
    refused("proxy", "PROXY_LISTEN", "8080");
}

#[test]
fn invalid_port_is_rejected() {
    let _turn = alone();
    refused("app", "APP_LISTEN", "[::]:70000");
}

#[test]
fn drain_longer_than_stop_timeout_is_rejected() {
    let _turn = alone();
    refused("proxy", "PROXY_PRE_DRAIN", "29s");
}

/// `docker compose up` reports the error of the app instead of waiting for its health.
#[test]
fn up_fails_when_the_app_exits() {
    let _turn = alone();
    let project = Project::new("misuse-up");
    project.overlay("services:\n  app:\n    environment:\n      APP_PUBLIC_URL: \"not an address\"\n");
    let up = project.try_compose(&["up", "--detach", "--no-build"]);
    assert!(!up.status.success());
    assert_eq!(project.container("app").exit_code(), 64);
    assert!(project.compose(&["logs", "app"]).contains("APP_PUBLIC_URL"));
}

/// Without an upstream, the proxy keeps running, is unhealthy and responds with `Retry-After`.
#[test]
fn proxy_without_upstream_is_alive_but_not_ready_and_sends_retry_after() {
    let _turn = alone();
    let own = Own::run(
        &own_name("alone"),
        &[
            "--publish",
            "127.0.0.1::8080",
            "--env",
            "PROXY_UPSTREAM=nobody.invalid:3000",
            "--env",
            "PROXY_HOLD=1s",
            "--health-interval",
            "1s",
            "--health-start-period",
            "1s",
            "penguin-proxy",
        ],
    );
    let address = own.published(8080);
    let response = wait_for("a response", Duration::from_secs(20), || {
        get(address, "/").filter(|text| !text.is_empty())
    });
    let head = response
        .split("\r\n\r\n")
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 503"), "{response}");
    assert!(head.contains("\r\nretry-after: "), "{response}");
    let ready = get(address, "/healthz/ready").unwrap();
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    wait_for("the health status", Duration::from_secs(30), || {
        (own.health() == "healthy").then_some(())
    });
    assert!(own.is_running(), "the proxy must keep running");
    assert!(own.log().contains("nobody.invalid"), "{}", own.log());
}
