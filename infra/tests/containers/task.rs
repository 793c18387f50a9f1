//! A Fargate task on one machine: two containers that share a network namespace, started by health, stopped in reverse
//! order with the task's time limit, in the environment that the task definition gives them.

use std::time::{Duration, Instant};

use infra::service::{Container as Described, Runtime, Value, containers};

use crate::compose::get;
use crate::docker::{Own, alone, docker, figure, own_name, wait_for};
use crate::load::{Load, Plan};
use crate::stopping::judge_stop;

/// `docker` arguments for a container of the task, up to the image and its command.
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
    arguments.extend([
        "--health-interval".to_owned(),
        format!("{}s", container.health.interval.as_secs()),
    ]);
    for variable in &container.environment {
        let value = match &variable.value {
            Value::Text(text) => text.as_str(),
            Value::PublicUrl => "https://penguins.example",
        };
        arguments.extend(["--env".to_owned(), format!("{}={value}", variable.name)]);
    }
    arguments
}

/// Starts a container as the task definition does; `placing` is about its network.
pub(crate) fn start(label: &str, container: &Described, placing: &[&str]) -> Own {
    let arguments = arguments(container);
    Own::run(
        &own_name(&format!("{label}-{}", container.name)),
        &[
            placing,
            &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
            &[container.package],
            container.command,
        ]
        .concat(),
    )
}

/// Stops a container as the task's end does. Gives how long it took.
pub(crate) fn stop(own: &Own, container: &Described) -> Duration {
    let began = Instant::now();
    let limit = container.stop.timeout.as_secs().to_string();
    docker(&["stop", "--time", &limit, &own.0]);
    began.elapsed()
}

#[test]
fn a_task_serves_through_localhost_and_loses_nothing_when_it_stops() {
    let _turn = alone();
    let [app, proxy] = containers(Runtime::Task);
    // Ports belong to the namespace: they are published by the container that makes it.
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
    // The load goes on as if no load balancer had noticed anything.
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
