//! A Fargate task on one machine: two containers in a network namespace, started by health, stopped in reverse order with the
//! task's stop timeout and environment.

use std::time::{Duration, Instant};

use infra::service::{Container as Described, Runtime, Service, Value};

use crate::compose::get;
use crate::docker::{Own, alone, docker, figure, own_name, wait_for};
use crate::load::{Load, Plan};
use crate::stopping::judge_stop;

/// Value of every secret.
pub(crate) const SECRET: &str = "hunter2";

/// Returns the `docker` arguments of a container before image and command.
fn arguments(container: &Described) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--read-only",
        "--cap-drop",
        "ALL",
        "--security-opt",
        "no-new-privileges:true",
    ]
    .map(str::to_owned)
    .into();
    arguments.extend(["--user".to_owned(), container.user.to_owned()]);
    if !container.is_package {
        // As in the task definition.
        arguments.push("--init".to_owned());
    }
    if let Some(health) = &container.health {
        arguments.extend([
            "--health-interval".to_owned(),
            format!("{}s", health.interval.as_secs()),
        ]);
    }
    for variable in &container.environment {
        let value = match &variable.value {
            Value::Text(text) => text.as_str(),
            Value::PublicUrl => "https://penguins.example",
            Value::Indexing => "allow",
            Value::Release => "release",
            // As ECS passes it.
            Value::Secret(_) => SECRET,
        };
        arguments.extend(["--env".to_owned(), format!("{}={value}", variable.name)]);
    }
    arguments
}

/// Starts a container like the task definition; `placing` are network arguments.
pub(crate) fn start(label: &str, container: &Described, placing: &[&str]) -> Own {
    start_image(label, container, container.package, placing)
}

/// Like [`start`], with another image.
pub(crate) fn start_image(label: &str, container: &Described, image: &str, placing: &[&str]) -> Own {
    let arguments = arguments(container);
    Own::run(
        &own_name(&format!("{label}-{}", container.name)),
        &[
            placing,
            &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
            &[image],
            &container.command.iter().map(String::as_str).collect::<Vec<_>>(),
        ]
        .concat(),
    )
}

/// Stops a container like ECS and returns how long it took.
pub(crate) fn stop(own: &Own, container: &Described) -> Duration {
    let began = Instant::now();
    let limit = container.stop.timeout.as_secs().to_string();
    docker(&["stop", "--time", &limit, &own.0]);
    began.elapsed()
}

#[test]
fn task_serves_and_loses_no_request_when_stopped() {
    let _turn = alone();
    let [app, proxy] = Service::default().containers(Runtime::Task);
    // Ports are published by the container that owns the namespace.
    let running_app = start(
        "task",
        &app,
        &["--publish", &format!("127.0.0.1::{}", proxy.port)],
    );
    running_app.wait_until_healthy(Duration::from_mins(1));
    let running_proxy = start(
        "task",
        &proxy,
        &["--network", &format!("container:{}", running_app.0)],
    );
    running_proxy.wait_until_healthy(Duration::from_mins(1));
    let address = running_app.published(proxy.port);
    let page = get(address, "/").unwrap();
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("Penguin School"),
        "{page}"
    );

    let load = Load::start(Plan::steady(address, "/"));
    wait_for("the load to be under way", Duration::from_secs(20), || {
        (load.answered() >= 400).then_some(())
    });
    // The load continues during the stop.
    let proxy_took = stop(&running_proxy, &proxy);
    let app_took = stop(&running_app, &app);
    let report = load.finish();

    figure(&format!(
        "task stopped under load: proxy in {proxy_took:.1?}, app in {app_took:.1?}; {report}"
    ));
    judge_stop(&report, &running_proxy);
    assert_eq!(
        (running_proxy.exit_code(), running_app.exit_code()),
        (0, 0),
        "exit codes of proxy and app"
    );
    assert!(proxy_took < proxy.stop.timeout, "the proxy was killed");
}
