//! `docker compose stop` under load: whoever was let in is answered.

use std::time::{Duration, Instant};

use crate::docker::{Container, alone, figure, wait_for};
use crate::load::{Load, Outcome, Plan, Report};
use crate::project::Project;

/// The engine's forwarder takes a connection a moment before it knocks at the container.
const FORWARDING: Duration = Duration::from_millis(100);

#[test]
fn nothing_is_lost_when_the_project_stops_under_load() {
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
    // In reverse order of the start: the app is there as long as the proxy needs it.
    assert!(proxy.finished() < app.finished());
}

/// The promise of a stop: every request on an accepted connection has its complete answer, and it is a 200.
pub(crate) fn judge_stop(report: &Report, proxy: &Container) {
    let closed = report.moment(closed_at(proxy)).checked_sub(FORWARDING).unwrap();
    let lost = report.lost_while_accepting(closed);
    assert!(lost.is_empty(), "lost:{}", report.tell(&lost));
    assert!(
        report.refusals().is_empty(),
        "other answers than 200:{}",
        report.tell(&report.refusals())
    );
    let last_ones = report
        .samples
        .iter()
        .filter(|sample| matches!(sample.outcome, Outcome::Answered { last: true, .. }))
        .count();
    assert!(
        last_ones > 0,
        "no answer said that it was the last of its connection"
    );
    figure(&format!(
        "  of these {last_ones} answers said `Connection: close`, {} came too late to be let in",
        report.samples.len() - report.ok()
    ));
}

/// When the proxy said that it takes no more connections.
fn closed_at(proxy: &Container) -> std::time::SystemTime {
    let log = proxy.log();
    let line = log.lines().find(|line| line.contains("accepting no more"));
    let line = line.unwrap_or_else(|| panic!("the proxy does not say when it closed its port:\n{log}"));
    humantime::parse_rfc3339(line.split(' ').next().unwrap()).unwrap()
}
