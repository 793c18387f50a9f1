//! What must hold of the description, whatever it says.

use super::*;

fn places() -> LocalPlaces {
    let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
    LocalPlaces {
        app: at(3000),
        proxy: at(8080),
        admin: at(9901),
        source: "/checkout".to_owned(),
    }
}

fn value(container: &Container, name: &str) -> String {
    let variable = container
        .environment
        .iter()
        .find(|variable| variable.name == name)
        .unwrap();
    match &variable.value {
        Value::Text(text) => text.clone(),
        Value::PublicUrl => "its public URL".to_owned(),
    }
}

#[test]
fn the_proxy_finds_the_app_in_every_runtime() {
    let upstream = |runtime| value(&containers(runtime)[1], "PROXY_UPSTREAM");
    assert_eq!(upstream(Runtime::Task), "localhost:3000");
    assert_eq!(upstream(Runtime::Compose), "app:3000");
    assert_eq!(upstream(Runtime::Local(&places())), "127.0.0.1:3000");
}

#[test]
fn every_drain_is_over_before_the_kill() {
    let places = places();
    for runtime in [Runtime::Task, Runtime::Compose, Runtime::Local(&places)] {
        let [app, proxy] = containers(runtime);
        assert!(app_drain(runtime) < app.stop.timeout, "{runtime:?}");
        // The proxy keeps 2 s for itself.
        assert!(
            pre_drain(runtime) + Duration::from_secs(2) < proxy.stop.timeout,
            "{runtime:?}"
        );
        assert_eq!(
            value(&proxy, "PROXY_STOP_TIMEOUT"),
            seconds(proxy.stop.timeout),
            "{runtime:?}"
        );
    }
}

#[test]
fn health_checks_are_such_that_ecs_takes_them() {
    for container in containers(Runtime::Task) {
        assert!(
            (5..=300).contains(&container.health.interval.as_secs()),
            "{}",
            container.name
        );
        assert!(
            (2..=60).contains(&container.health.timeout.as_secs()),
            "{}",
            container.name
        );
        assert!((1..=10).contains(&container.health.retries), "{}", container.name);
        assert!(
            container.health.start_period.as_secs() <= 300,
            "{}",
            container.name
        );
        assert!(container.stop.timeout.as_secs() <= 120, "{}", container.name);
    }
}

#[test]
fn containers_come_in_the_order_in_which_they_start() {
    let [app, proxy] = containers(Runtime::Compose);
    assert_eq!(app.starts_after, None);
    assert_eq!(proxy.starts_after, Some("app"));
    assert!(proxy.published && !app.published);
}

#[test]
fn no_variable_is_set_twice() {
    for container in containers(Runtime::Local(&places())) {
        let mut names: Vec<_> = container
            .environment
            .iter()
            .map(|variable| variable.name)
            .collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "{}", container.name);
    }
}
