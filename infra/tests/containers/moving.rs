//! The app goes and comes back under load, at the old address and at a new one. The proxy is never restarted for it.

use std::time::{Duration, SystemTime};

use crate::docker::{Own, alone, figure, own_name, wait_for};
use crate::load::{Load, Outcome, Plan, Report};
use crate::project::Project;

/// From the app's start, this is the most that the way to it may take.
const RECOVERY: Duration = Duration::from_secs(2);
/// The proxy holds a request this long for an app that is away; an absence below it is not seen by visitors.
const HOLD: Duration = Duration::from_secs(5);
/// What an answer may take besides the hold, on a busy machine.
const SLACK: Duration = Duration::from_secs(2);

/// What a load saw of an `event`, and when the app's process began after it.
struct Story {
    report: Report,
    app_started: SystemTime,
}

/// Runs `event` under load. The proxy must be the same run of the same container afterwards.
fn under_load(project: &Project, event: impl FnOnce()) -> Story {
    let proxy = project.container("proxy").identity();
    // One request at a time: one that is sent behind another is not held before that has its answer.
    let load = Load::start(Plan {
        newcomer_asks: 1,
        ..Plan::steady(project.address(), "/")
    });
    wait_for("the load to be under way", Duration::from_secs(20), || {
        (load.answered() >= 200).then_some(())
    });
    event();
    let app_started = project.container("app").started();
    // A second's worth of answers after the event, whether it was quick or not.
    let goal = load.answered() + 200;
    wait_for("answers after the event", Duration::from_secs(30), || {
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
    /// Prints the figures and holds them against the promises.
    fn judge(&self, what: &str) {
        let recovery = self.recovery();
        figure(&format!(
            "{what}: first answer {recovery:.0?} after the app's start; {}",
            self.report
        ));
        let report = &self.report;
        assert!(report.lost().is_empty(), "lost:{}", report.tell(&report.lost()));
        assert!(
            recovery <= RECOVERY,
            "the app was reached again only {recovery:?} after its start"
        );
        // Whoever is not answered has waited for the whole hold, and is told when to come again.
        let broken: Vec<_> = report
            .refusals()
            .into_iter()
            .filter(|sample| {
                !matches!(
                    sample.outcome,
                    Outcome::Answered {
                        status: 503,
                        retry_after: true,
                        ..
                    }
                ) || sample.waited() < HOLD.mul_f64(0.98)
            })
            .collect();
        assert!(
            broken.is_empty(),
            "answers other than 200 within the hold:{}",
            report.tell(&broken)
        );
        assert!(
            report.longest_wait() <= HOLD + SLACK,
            "a request waited {:?}",
            report.longest_wait()
        );
    }

    /// From the start of the app's process to the first answer.
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

/// Another container has the app's old address by the time the app comes back, and nothing listens there.
#[test]
fn the_app_moves_and_its_old_address_is_dead() {
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
    .judge("app moved, old address dead");
    assert_ne!(project.container("app").address(), old);
}

/// Another container has the old address, and answers on the app's port: as a stranger that must not be asked for long.
#[test]
fn the_app_moves_and_a_stranger_answers_at_its_old_address() {
    let _turn = alone();
    let project = Project::new("stranger");
    project.up();
    let (old, mut squatter) = (project.container("app").address(), None);
    // A proxy without an app behind it makes a stranger that answers everything with 503.
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
        "app moved, a stranger at the old address: first answer {:.0?} after the app's start; {}",
        story.recovery(),
        story.report
    ));
    assert!(
        story.report.lost().is_empty(),
        "lost:{}",
        story.report.tell(&story.report.lost())
    );
    let late: Vec<_> = {
        let settled = story.report.moment(story.app_started) + RECOVERY;
        story
            .report
            .refusals()
            .into_iter()
            .filter(|sample| sample.due > settled)
            .collect()
    };
    assert!(
        late.is_empty(),
        "the stranger was asked for too long:{}",
        story.report.tell(&late)
    );
}

/// Runs containers in the project's network until one of them has got `address`. All of them go with the guard.
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
