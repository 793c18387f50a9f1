//! Replaces three tasks behind a load balancer twice under load; no request may fail.
//!
//! First the load balancer is notified after the task, as with `StopTask` and on Fargate Spot; then before it, as in an ECS
//! deployment. The same test with nginx as sidecar shows that the test detects losses.

use std::fmt;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use infra::service::{PROXY_HEALTH_PATH, Runtime, Service};

use crate::balancer::{Balancer, Place};
use crate::compose::get;
use crate::docker::{Own, alone, figure, wait_for};
use crate::load::{Load, Plan, Report, Sample};
use crate::nginx::Nginx;
use crate::task;

/// Number of tasks.
const TASKS: usize = 3;
/// Delay of the load balancer's notification after the task's stop signal.
const NOTIFIED_LATE: Duration = Duration::from_secs(7);
/// Time of the notification before the stop signal.
const NOTIFIED_EARLY: Duration = Duration::from_secs(3);

/// Sidecar of the app.
enum Sidecar {
    Proxy(Own),
    Nginx(Nginx, &'static str),
}

/// Kind of sidecar.
#[derive(Clone, Copy)]
enum Kind {
    Proxy,
    /// Stopped with this signal.
    Nginx(&'static str),
}

impl Kind {
    /// Returns a label for container names.
    fn label(self) -> String {
        match self {
            Self::Proxy => String::new(),
            Self::Nginx(signal) => format!("{}-", signal.to_ascii_lowercase()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proxy => f.write_str("penguin-proxy"),
            Self::Nginx(signal) => write!(f, "nginx, ended by SIG{signal}"),
        }
    }
}

struct Task {
    app: Own,
    sidecar: Sidecar,
    place: Option<Place>,
}

impl Task {
    /// Starts a task with a unique label.
    fn start(kind: Kind, label: &str) -> Self {
        let [app, proxy] = Service::default().containers(Runtime::Task);
        let running_app = task::start(label, &app, &[]);
        let sidecar = match kind {
            Kind::Proxy => {
                let network = format!("container:{}", running_app.0);
                Sidecar::Proxy(task::start(label, &proxy, &["--network", &network]))
            }
            Kind::Nginx(signal) => Sidecar::Nginx(Nginx::start(&running_app, proxy.port, app.port), signal),
        };
        Self {
            app: running_app,
            sidecar,
            place: None,
        }
    }

    fn address(&self) -> SocketAddr {
        let [_, proxy] = Service::default().containers(Runtime::Task);
        SocketAddr::new(self.app.address().parse().unwrap(), proxy.port)
    }

    /// Registers the task once it is healthy.
    fn register(&mut self, balancer: &Balancer) {
        let address = self.address();
        let path = match self.sidecar {
            Sidecar::Proxy(_) => PROXY_HEALTH_PATH,
            Sidecar::Nginx(..) => "/",
        };
        wait_for("the task to be healthy", Duration::from_mins(1), || {
            get(address, path).filter(|response| response.starts_with("HTTP/1.1 200"))
        });
        self.place = Some(balancer.register(address));
    }

    /// Stops the task like ECS: the sidecar, then the app.
    fn stop(self) {
        let [app, proxy] = Service::default().containers(Runtime::Task);
        match self.sidecar {
            Sidecar::Proxy(own) => {
                let took = task::stop(&own, &proxy);
                assert!(took < proxy.stop.timeout, "the proxy was killed: {took:?}");
                assert_eq!(own.exit_code(), 0, "{}", own.log());
            }
            Sidecar::Nginx(mut nginx, signal) => {
                nginx.signal(signal);
                nginx.ended(proxy.stop.timeout);
            }
        }
        task::stop(&self.app, &app);
    }
}

fn start_tasks(kind: Kind, generation: &str, balancer: &Balancer) -> Vec<Task> {
    let starting: Vec<_> = (1..=TASKS)
        .map(|number| {
            let label = format!("roll-{}{generation}{number}", kind.label());
            thread::spawn(move || Task::start(kind, &label))
        })
        .collect();
    let mut tasks: Vec<_> = starting.into_iter().map(|task| task.join().unwrap()).collect();
    for task in &mut tasks {
        task.register(balancer);
    }
    tasks
}

/// Report of a load during two replacements.
struct Story {
    report: Report,
    /// Start of the second replacement.
    second: Instant,
    took: Duration,
}

impl Story {
    fn of(kind: Kind) -> Self {
        let began = Instant::now();
        let balancer = Balancer::start();
        let first = start_tasks(kind, "a", &balancer);
        let load = Load::start(Plan::steady(balancer.address, "/"));
        let more_answers = |count| {
            let goal = load.answered() + count;
            wait_for("answers", Duration::from_secs(30), || {
                (load.answered() >= goal).then_some(())
            });
        };
        more_answers(400);

        let second = start_tasks(kind, "b", &balancer);
        more_answers(200);
        let mut stopping = Vec::new();
        let places: Vec<_> = first.iter().filter_map(|task| task.place).collect();
        stopping.extend(first.into_iter().map(|task| thread::spawn(|| task.stop())));
        thread::sleep(NOTIFIED_LATE);
        for place in &places {
            balancer.drain(*place);
        }

        let second_began = Instant::now();
        let third = start_tasks(kind, "c", &balancer);
        more_answers(200);
        let places = second.iter().filter_map(|task| task.place);
        places.for_each(|place| balancer.drain(place));
        thread::sleep(NOTIFIED_EARLY);
        stopping.extend(second.into_iter().map(|task| thread::spawn(|| task.stop())));
        for task in stopping {
            task.join().unwrap();
        }
        more_answers(400);
        let report = load.finish();
        drop(third);
        Self {
            report,
            second: second_began,
            took: began.elapsed(),
        }
    }

    /// Returns failed requests of both replacements.
    fn failed(&self) -> [Vec<&Sample>; 2] {
        let failed = self.report.samples.iter().filter(|sample| !sample.is_ok());
        let (first, second) = failed.partition(|sample| sample.due < self.second);
        [first, second]
    }

    /// Prints the figures.
    fn figure(&self, kind: Kind) {
        let [late, early] = self.failed().map(|failed| failed.len());
        figure(&format!(
            "three tasks replaced, {kind}: {late} failed with the load balancer notified {}s late, {early} with {}s \
             early; {:.0?} in all; {}",
            NOTIFIED_LATE.as_secs(),
            NOTIFIED_EARLY.as_secs(),
            self.took,
            self.report
        ));
    }
}

#[test]
fn no_request_fails_when_tasks_are_replaced() {
    let _turn = alone();
    let story = Story::of(Kind::Proxy);
    story.figure(Kind::Proxy);
    let failed = story.failed().concat();
    assert!(failed.is_empty(), "failed:{}", story.report.text(&failed));
}

#[test]
fn test_detects_losses_with_nginx() {
    if let Some(obstacle) = Nginx::obstacle() {
        figure(&format!("nginx for comparison: SKIPPED, {obstacle}"));
        return;
    }
    let _turn = alone();
    // In parallel, each with its own load balancer.
    let telling = ["TERM", "QUIT"].map(|signal| {
        let kind = Kind::Nginx(signal);
        (kind, thread::spawn(move || Story::of(kind)))
    });
    for (kind, story) in telling {
        let story = story.join().unwrap();
        story.figure(kind);
        let [late, _] = story.failed();
        assert!(
            !late.is_empty(),
            "no loss detected with a sidecar that stops at once"
        );
    }
}
