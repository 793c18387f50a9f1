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

fn start(container: &Described, placing: &[&str]) -> Own {
    let arguments = arguments(container);
    let own = Own::run(
        &own_name(&format!("task-{}", container.name)),
        &[
            placing,
            &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
            &[container.package],
            container.command,
        ]
        .concat(),
    );
    own.wait_until_healthy(Duration::from_mins(1));
    own
}

#[test]
fn a_task_serves_through_localhost_and_loses_nothing_when_it_stops() {
    let _turn = alone();
    let [app, proxy] = containers(Runtime::Task);
    // Ports belong to the namespace: they are published by the container that makes it.
    let running_app = start(&app, &["--publish", &format!("127.0.0.1::{}", proxy.port)]);
    let running_proxy = start(&proxy, &["--network", &format!("container:{}", running_app.0)]);
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
    let stop = |own: &Own, limit: Duration| {
        let began = Instant::now();
        docker(&["stop", "--time", &limit.as_secs().to_string(), &own.0]);
        began.elapsed()
    };
    // The load goes on as if no load balancer had noticed anything.
    let proxy_took = stop(&running_proxy, proxy.stop.timeout);
    let app_took = stop(&running_app, app.stop.timeout);
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
