//! `docker compose stop` under load: every accepted request gets a response.

use std::time::{Duration, Instant};

use crate::docker::{Container, alone, figure, wait_for};
use crate::load::{Load, Outcome, Plan, Report};
use crate::project::Project;

/// The engine's forwarder accepts a connection shortly before it connects to the container.
const FORWARDING: Duration = Duration::from_millis(100);

#[test]
fn no_request_is_lost_when_compose_stops() {
    let _turn = alone();
    let project = Project::new("stop");
    project.up();
    let [app, proxy] = ["app", "proxy"].map(|service| project.container(service));
    let load = Load::start(Plan::steady(project.address(), "/"));
    wait_for("the load to be under way", Duration::from_secs(20), || {
        (load.answered() >= 400).then_some(())
    });
    let began = Instant::now();
    project.compose(&["stop"]);
    let took = began.elapsed();
    let report = load.finish();

    figure(&format!("docker compose stop under load: {took:.1?}; {report}"));
    judge_stop(&report, &proxy);
    assert_eq!(
        (proxy.exit_code(), app.exit_code()),
        (0, 0),
        "exit codes of proxy and app"
    );
    // Reverse start order: the app outlives the proxy.
    assert!(proxy.finished() < app.finished());
}

/// Checks that every request on an accepted connection got a complete 200.
pub(crate) fn judge_stop(report: &Report, proxy: &Container) {
    let closed = report.moment(closed_at(proxy)).checked_sub(FORWARDING).unwrap();
    let lost = report.lost_while_accepting(closed);
    assert!(lost.is_empty(), "lost:{}", report.text(&lost));
    assert!(
        report.refused().is_empty(),
        "responses other than 200:{}",
        report.text(&report.refused())
    );
    let last_ones = report
        .samples
        .iter()
        .filter(|sample| matches!(sample.outcome, Outcome::Decision { last: true, .. }))
        .count();
    assert!(last_ones > 0, "no response had `Connection: close`");
    figure(&format!(
        "  {last_ones} responses with `Connection: close`, {} requests refused after the listener closed",
        report.samples.len() - report.ok()
    ));
}

/// Returns when the proxy stopped accepting connections.
fn closed_at(proxy: &Container) -> std::time::SystemTime {
    let log = proxy.log();
    let line = log
        .lines()
        .find(|line| line.contains("no longer accepting connections"));
    let line = line.unwrap_or_else(|| panic!("no log line about the closed listener:\n{log}"));
    humantime::parse_rfc3339(line.split(' ').next().unwrap()).unwrap()
}
