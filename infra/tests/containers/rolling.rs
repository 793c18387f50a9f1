//! Three tasks behind a load balancer are replaced twice under load. Not one request may fail.
//!
//! The first time the load balancer does not know: it goes on sending to tasks that were told to stop, as it does after
//! `StopTask` and on Fargate Spot. The second time it is told beforehand, as by a deployment of ECS.
//!
//! The same story with nginx as the sidecar shows that this measure does find losses where there are some.

use std::fmt;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use infra::service::{PROXY_HEALTH_PATH, Runtime, containers};

use crate::balancer::{Balancer, Place};
use crate::compose::get;
use crate::docker::{Own, alone, figure, wait_for};
use crate::load::{Load, Plan, Report, Sample};
use crate::nginx::Nginx;
use crate::task;

/// Tasks at a time.
const TASKS: usize = 3;
/// The load balancer learns so much later than the task that the task is to stop.
const TOLD_LATE: Duration = Duration::from_secs(7);
/// Or so much earlier.
const TOLD_EARLY: Duration = Duration::from_secs(3);

/// What stands before the app.
enum Sidecar {
    Proxy(Own),
    Nginx(Nginx, &'static str),
}

/// Which sidecar to tell the story of.
#[derive(Clone, Copy)]
enum Kind {
    Proxy,
    /// Ended by this signal.
    Nginx(&'static str),
}

impl Kind {
    /// For the names of containers.
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
    /// Starts one; `label` is its own.
    fn start(kind: Kind, label: &str) -> Self {
        let [app, proxy] = containers(Runtime::Task);
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
        let [_, proxy] = containers(Runtime::Task);
        SocketAddr::new(self.app.address().parse().unwrap(), proxy.port)
    }

    /// The load balancer begins to send once its health check succeeds.
    fn register(&mut self, balancer: &Balancer) {
        let address = self.address();
        let path = match self.sidecar {
            Sidecar::Proxy(_) => PROXY_HEALTH_PATH,
            Sidecar::Nginx(..) => "/",
        };
        wait_for("the task to be healthy", Duration::from_mins(1), || {
            get(address, path).filter(|answer| answer.starts_with("HTTP/1.1 200"))
        });
        self.place = Some(balancer.register(address));
    }

    /// Ends as ECS ends a task: the sidecar first, the app when it has gone.
    fn stop(self) {
        let [app, proxy] = containers(Runtime::Task);
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

/// What a load saw of two replacements.
struct Story {
    report: Report,
    /// When the second replacement began; the first had been over for the load balancer by then.
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
        thread::sleep(TOLD_LATE);
        for place in &places {
            balancer.drain(*place);
        }

        let second_began = Instant::now();
        let third = start_tasks(kind, "c", &balancer);
        more_answers(200);
        let places = second.iter().filter_map(|task| task.place);
        places.for_each(|place| balancer.drain(place));
        thread::sleep(TOLD_EARLY);
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

    /// Requests without a complete 200, for whatever reason, of the first and of the second replacement.
    fn failed(&self) -> [Vec<&Sample>; 2] {
        let failed = self.report.samples.iter().filter(|sample| !sample.is_ok());
        let (first, second) = failed.partition(|sample| sample.due < self.second);
        [first, second]
    }

    /// One line of the comparison.
    fn figure(&self, kind: Kind) {
        let [untold, told] = self.failed().map(|failed| failed.len());
        figure(&format!(
            "three tasks replaced, {kind}: {untold} failed with the load balancer told {}s late, {told} with it told {}s \
             early; {:.0?} in all; {}",
            TOLD_LATE.as_secs(),
            TOLD_EARLY.as_secs(),
            self.took,
            self.report
        ));
    }
}

#[test]
fn nothing_fails_when_three_tasks_are_replaced() {
    let _turn = alone();
    let story = Story::of(Kind::Proxy);
    story.figure(Kind::Proxy);
    let failed = story.failed().concat();
    assert!(failed.is_empty(), "failed:{}", story.report.tell(&failed));
}

#[test]
fn the_same_measure_finds_what_nginx_loses() {
    if let Some(obstacle) = Nginx::obstacle() {
        figure(&format!("nginx for comparison: LEFT OUT, {obstacle}"));
        return;
    }
    let _turn = alone();
    // Side by side, each with a load balancer of its own.
    let telling = ["TERM", "QUIT"].map(|signal| {
        let kind = Kind::Nginx(signal);
        (kind, thread::spawn(move || Story::of(kind)))
    });
    for (kind, story) in telling {
        let story = story.join().unwrap();
        story.figure(kind);
        let [untold, _] = story.failed();
        assert!(
            !untold.is_empty(),
            "nothing was lost by a sidecar that ends at once: the measure is blind"
        );
    }
}
