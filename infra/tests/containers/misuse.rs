//! What users get wrong: each mistake ends, or does not end, a container with a message that helps.

use std::time::Duration;

use crate::compose::get;
use crate::docker::{Own, alone, figure, own_name, wait_for};
use crate::project::Project;

/// `VARIABLE: value` of a service, as an override file has it, and what the log must say.
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
        "the log names neither variable nor value:\n{logs}"
    );
    figure(&format!("{variable}={value}: exit 64: {}", logs.trim()));
    logs
}

#[test]
fn a_value_that_means_nothing_ends_the_container_and_is_named() {
    let _turn = alone();
    refused("app", "APP_DRAIN_TIMEOUT", "soon");
    refused("proxy", "PROXY_UPSTREAM", "localhost");
    refused("proxy", "PROXY_LISTEN", "8080");
}

#[test]
fn a_port_that_does_not_exist_is_refused() {
    let _turn = alone();
    refused("app", "APP_LISTEN", "[::]:70000");
}

#[test]
fn a_drain_that_does_not_fit_before_the_kill_is_refused() {
    let _turn = alone();
    refused("proxy", "PROXY_PRE_DRAIN", "29s");
}

/// `docker compose up` tells of the app's mistake too, instead of waiting for its health for ever.
#[test]
fn up_fails_when_the_app_ends_at_once() {
    let _turn = alone();
    let project = Project::new("misuse-up");
    project.overlay("services:\n  app:\n    environment:\n      APP_PUBLIC_URL: \"not an address\"\n");
    let up = project.try_compose(&["up", "--detach", "--no-build"]);
    assert!(!up.status.success());
    assert_eq!(project.container("app").exit_code(), 64);
    assert!(project.compose(&["logs", "app"]).contains("APP_PUBLIC_URL"));
}

/// Nobody is there under the upstream's name: the proxy says so, stays, and sends visitors away in a civil manner.
#[test]
fn without_an_upstream_the_proxy_is_unhealthy_and_says_when_to_come_again() {
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
    let answer = wait_for("an answer", Duration::from_secs(20), || {
        get(address, "/").filter(|text| !text.is_empty())
    });
    let head = answer
        .split("\r\n\r\n")
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 503"), "{answer}");
    assert!(head.contains("\r\nretry-after: "), "{answer}");
    let ready = get(address, "/healthz/ready").unwrap();
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    wait_for("the verdict", Duration::from_secs(30), || {
        (own.health() == "unhealthy").then_some(())
    });
    assert!(own.is_running(), "it must be there when the app comes");
    assert!(own.log().contains("nobody.invalid"), "{}", own.log());
}
