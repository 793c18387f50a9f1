//! The app restarts or moves under load, at the old or a new address, without restarting the proxy.

use std::time::{Duration, SystemTime};

use crate::docker::{Own, alone, figure, own_name, wait_for};
use crate::load::{Load, Outcome, Plan, Report};
use crate::project::Project;

/// Maximum time from the start of the app to the first response.
const RECOVERY: Duration = Duration::from_secs(2);
/// The proxy holds requests this long while the app is unavailable.
const HOLD: Duration = Duration::from_secs(5);
/// Additional time of a response on a busy machine.
const SLACK: Duration = Duration::from_secs(2);

/// Report of a load during an `event`, and the app's start time after it.
struct Story {
    report: Report,
    app_started: SystemTime,
}

/// Runs `event` under load. The proxy must not restart.
fn under_load(project: &Project, event: impl FnOnce()) -> Story {
    let proxy = project.container("proxy").identity();
    // No pipelining, since a pipelined request is held only after the previous response.
    let load = Load::start(Plan {
        newcomer_asks: 1,
        ..Plan::steady(project.address(), "/")
    });
    wait_for("the load to be under way", Duration::from_secs(20), || {
        (load.answered() >= 200).then_some(())
    });
    event();
    let app_started = project.container("app").started();
    // Load after the event.
    let goal = load.answered() + 200;
    wait_for("responses after the event", Duration::from_secs(30), || {
        (load.answered() >= goal).then_some(())
    });
    let report = load.finish();
    assert_eq!(
        project.container("proxy").identity(),
        proxy,
        "the proxy was restarted"
    );
    Story { report, app_started }
}

impl Story {
    /// Prints and checks the figures.
    fn judge(&self, what: &str) {
        let recovery = self.recovery();
        figure(&format!(
            "{what}: first response {recovery:.0?} after the app's start; {}",
            self.report
        ));
        let report = &self.report;
        assert!(report.lost().is_empty(), "lost:{}", report.text(&report.lost()));
        assert!(
            recovery <= RECOVERY,
            "the app was reached {recovery:?} after its start"
        );
        // Failed requests waited for the whole hold time and have `Retry-After`.
        let broken: Vec<_> = report
            .refused()
            .into_iter()
            .filter(|sample| {
                !matches!(
                    sample.outcome,
                    Outcome::Decision {
                        status: 503,
                        retry_after: true,
                        ..
                    }
                ) || sample.waited() < HOLD.mul_f64(0.98)
            })
            .collect();
        assert!(
            broken.is_empty(),
            "responses other than 200 within the hold:{}",
            report.text(&broken)
        );
        assert!(
            report.longest_wait() <= HOLD + SLACK,
            "a request waited {:?}",
            report.longest_wait()
        );
    }

    /// Returns the time from the start of the app's process to the first response.
    fn recovery(&self) -> Duration {
        let started = self.report.moment(self.app_started);
        self.report
            .first_ok_after(started)
            .unwrap()
            .duration_since(started)
    }
}

#[test]
fn the_app_is_restarted() {
    let _turn = alone();
    let project = Project::new("restart");
    project.up();
    under_load(&project, || {
        project.compose(&["restart", "app"]);
    })
    .judge("restart app");
}

#[test]
fn the_app_is_killed_and_started_again() {
    let _turn = alone();
    let project = Project::new("kill");
    project.up();
    under_load(&project, || {
        project.compose(&["kill", "app"]);
        project.compose(&["start", "app"]);
    })
    .judge("kill app, start app");
}

#[test]
fn the_app_is_recreated() {
    let _turn = alone();
    let project = Project::new("recreate");
    project.up();
    let before = project.container("app");
    under_load(&project, || {
        project.compose(&["up", "--detach", "--no-build", "--force-recreate", "app"]);
    })
    .judge("up --force-recreate app");
    assert_ne!(project.container("app"), before);
}

/// Another container gets the app's old address, with a closed port.
#[test]
fn app_moves_and_old_address_is_closed() {
    let _turn = alone();
    let project = Project::new("moved");
    project.up();
    let (old, mut squatter) = (project.container("app").address(), None);
    under_load(&project, || {
        project.compose(&["rm", "--stop", "--force", "app"]);
        squatter = Some(take_address(
            &project,
            &old,
            &["--env", "APP_LISTEN=[::]:3999", "penguin-app"],
        ));
        project.compose(&["up", "--detach", "--no-build", "app"]);
    })
    .judge("app moved, old address closed");
    assert_ne!(project.container("app").address(), old);
}

/// Another container gets the old address and listens on the app's port.
#[test]
fn app_moves_and_another_server_has_its_old_address() {
    let _turn = alone();
    let project = Project::new("stranger");
    project.up();
    let (old, mut squatter) = (project.container("app").address(), None);
    // A proxy without upstream responds 503 to everything.
    let stranger = [
        "--env",
        "PROXY_LISTEN=[::]:3000",
        "--env",
        "PROXY_UPSTREAM=localhost:1",
        "--env",
        "PROXY_HOLD=0s",
        "penguin-proxy",
    ];
    let story = under_load(&project, || {
        project.compose(&["rm", "--stop", "--force", "app"]);
        squatter = Some(take_address(&project, &old, &stranger));
        project.compose(&["up", "--detach", "--no-build", "app"]);
    });
    assert_ne!(project.container("app").address(), old);
    figure(&format!(
        "app moved, another server at the old address: first response {:.0?} after the app's start; {}",
        story.recovery(),
        story.report
    ));
    assert!(
        story.report.lost().is_empty(),
        "lost:{}",
        story.report.text(&story.report.lost())
    );
    let late: Vec<_> = {
        let settled = story.report.moment(story.app_started) + RECOVERY;
        story
            .report
            .refused()
            .into_iter()
            .filter(|sample| sample.due > settled)
            .collect()
    };
    assert!(
        late.is_empty(),
        "the other server received requests for too long:{}",
        story.report.text(&late)
    );
}

/// Starts containers in the project's network until one gets `address`.
fn take_address(project: &Project, address: &str, image: &[&str]) -> Vec<Own> {
    let mut squatters = Vec::new();
    for number in 0..5 {
        let name = format!("{}-{number}", own_name("squatter"));
        let squatter = Own::run(&name, &[&["--network", &project.network()], image].concat());
        let found = squatter.address() == address;
        squatters.push(squatter);
        if found {
            return squatters;
        }
    }
    let addresses: Vec<_> = squatters.iter().map(|squatter| squatter.address()).collect();
    panic!("no container got the address {address}, but {addresses:?}");
}
