//! Invariants of the service description.

use super::timing::{app_drain, pre_drain, seconds};
use super::*;

fn containers(runtime: Runtime<'_>) -> [Container; 2] {
    Service::default().containers(runtime)
}

/// An app in another language.
fn other() -> Service {
    Service {
        app: App {
            port: 5000,
            health_path: Some("/up".to_owned()),
            stop_timeout: Some(Duration::from_secs(20)),
            dockerfile: "flask/Dockerfile".to_owned(),
            command: Some(["python3", "app.py"].map(str::to_owned).into()),
            environment: [("GREETING".to_owned(), "hello".to_owned())].into(),
            secrets: [(
                "API_KEY".to_owned(),
                Secret::Parameter {
                    path: "/flask/api-key".to_owned(),
                },
            )]
            .into(),
            secrets_key: None,
        },
        proxy: Proxy {
            environment: [
                ("PROXY_LOG_FORMAT".to_owned(), "json".to_owned()),
                ("PROXY_MAX_BODY".to_owned(), "8MiB".to_owned()),
            ]
            .into(),
        },
    }
}

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
        Value::PublicUrl => "public URL".to_owned(),
        Value::Indexing => INDEXING_DENY.to_owned(),
        Value::Release => "release".to_owned(),
        Value::Secret(secret) => secret.to_string(),
    }
}

#[test]
fn upstream_is_the_app_in_every_runtime() {
    let upstream = |runtime| value(&containers(runtime)[1], "PROXY_UPSTREAM");
    assert_eq!(upstream(Runtime::Task), "localhost:3000");
    assert_eq!(upstream(Runtime::Compose), "app:3000");
    assert_eq!(upstream(Runtime::Local(&places())), "127.0.0.1:3000");
}

#[test]
fn drains_end_before_sigkill() {
    let places = places();
    for runtime in [Runtime::Task, Runtime::Compose, Runtime::Local(&places)] {
        for service in [Service::default(), other()] {
            let [app, _] = service.containers(runtime);
            assert!(app_drain(&service.app, runtime) < app.stop.timeout, "{runtime:?}");
        }
        let [_, proxy] = containers(runtime);
        // The proxy reserves 2 s.
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
fn health_checks_are_valid_for_ecs() {
    for container in containers(Runtime::Task) {
        let health = container.health.unwrap();
        assert!(
            (5..=300).contains(&health.interval.as_secs()),
            "{}",
            container.name
        );
        assert!((2..=60).contains(&health.timeout.as_secs()), "{}", container.name);
        assert!((1..=10).contains(&health.retries), "{}", container.name);
        assert!(health.start_period.as_secs() <= 300, "{}", container.name);
        assert!(container.stop.timeout.as_secs() <= 120, "{}", container.name);
    }
}

#[test]
fn containers_are_in_start_order() {
    let [app, proxy] = containers(Runtime::Compose);
    assert_eq!(app.starts_after, None);
    let first = StartsAfter {
        container: "app",
        healthy: true,
    };
    assert_eq!(proxy.starts_after, Some(first));
    assert_eq!([app.name, proxy.name], CONTAINERS);
    assert!(proxy.published && !app.published);
}

#[test]
fn environment_has_no_duplicates() {
    let places = places();
    for container in [Service::default(), other()]
        .iter()
        .flat_map(|service| service.containers(Runtime::Local(&places)))
    {
        let mut names: Vec<_> = container
            .environment
            .iter()
            .map(|variable| variable.name.as_str())
            .collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "{}", container.name);
    }
}

#[test]
fn another_app_gets_its_settings_in_every_runtime() {
    let places = places();
    for (runtime, port) in [
        (Runtime::Task, "5000"),
        (Runtime::Compose, "5000"),
        (Runtime::Local(&places), "3000"),
    ] {
        let [app, proxy] = other().containers(runtime);
        assert_eq!(value(&app, "PORT"), port, "{runtime:?}");
        assert!(value(&proxy, "PROXY_UPSTREAM").ends_with(port), "{runtime:?}");
        assert_eq!(value(&app, "GREETING"), "hello");
        assert_eq!(value(&app, "API_KEY"), "ssm:/flask/api-key");
        assert_eq!(app.command, ["python3", "app.py"]);
        assert_eq!(app.stop.timeout, Duration::from_secs(20));
        // No variable of the site, and no health check that only its binary has.
        assert!(app.environment.iter().all(|one| one.name != "APP_LISTEN"));
        assert!(app.health.is_none() && !app.is_package);
        assert_eq!(value(&proxy, "PROXY_UPSTREAM_HEALTH_PATH"), "/up");
        assert_eq!(value(&proxy, "PROXY_LOG_FORMAT"), "json");
        assert_eq!(value(&proxy, "PROXY_MAX_BODY"), "8MiB");
        assert!(!proxy.starts_after.unwrap().healthy);
    }
}

#[test]
fn variables_that_join_the_containers_are_not_for_the_settings() {
    let places = places();
    for runtime in [Runtime::Task, Runtime::Compose, Runtime::Local(&places)] {
        let [_, proxy] = other().containers(runtime);
        for variable in &proxy.environment {
            let ours = PROXY_VARIABLES.iter().any(|(name, _)| *name == variable.name);
            let theirs = other().proxy.environment.contains_key(&variable.name);
            assert!(ours != theirs, "{}", variable.name);
        }
    }
}
