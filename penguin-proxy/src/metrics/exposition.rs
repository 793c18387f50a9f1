//! The numbers in Prometheus' text format.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{BUCKETS, Counter, Counters};
use crate::server::Shared;

const PREFIX: &str = "penguin_proxy";

/// Which counter of a thread.
type Pick = fn(&Counters) -> &Counter;

/// What is added up over the threads and only ever grows.
const SUMS: &[(&str, &str, Pick)] = &[
    ("health_requests_total", "Requests for the health path.", |c| {
        &c.health
    }),
    ("client_connections_total", "Client connections taken.", |c| {
        &c.connections_opened
    }),
    (
        "client_connections_refused_total",
        "Client connections beyond the limit.",
        |c| &c.connections_refused,
    ),
    ("request_bytes_total", "Bytes of request bodies.", |c| &c.bytes_in),
    ("response_bytes_total", "Bytes of answers' bodies.", |c| {
        &c.bytes_out
    }),
    (
        "upstream_connections_opened_total",
        "Connections opened to the app.",
        |c| &c.upstream_opened,
    ),
    (
        "upstream_connections_reused_total",
        "Requests sent on an open connection.",
        |c| &c.upstream_reused,
    ),
    (
        "upstream_connect_failures_total",
        "Failed attempts to connect to the app.",
        |c| &c.connect_failures,
    ),
    (
        "retries_total",
        "Requests sent again: the connection died before it answered.",
        |c| &c.retries,
    ),
    (
        "held_total",
        "Requests that had to wait for the app to be reachable.",
        |c| &c.held,
    ),
    ("sheds_total", "Requests answered 503 or 429 by a limit.", |c| {
        &c.sheds
    }),
];

/// Everything that `/metrics` answers.
pub(crate) fn exposition(shared: &Shared) -> String {
    let all = &shared.counters;
    let mut out = Exposition(String::with_capacity(8192));
    out.head(
        "requests_total",
        "counter",
        "Finished requests by class of status, without the health path.",
    );
    for class in 0..5 {
        let count: u64 = all.iter().map(|c| c.by_class[class].get()).sum();
        out.labelled("requests_total", &format!("class=\"{}xx\"", class + 1), count);
    }
    latency(&mut out, all);
    for (name, help, pick) in SUMS {
        out.counter(name, help, sum(all, *pick));
    }
    let in_flight = sum(all, |c| &c.began).saturating_sub(sum(all, |c| &c.ended));
    out.gauge("requests_in_flight", "Requests being answered.", in_flight);
    out.gauge(
        "client_connections",
        "Open client connections.",
        super::open_connections(all),
    );
    let resting = sum(all, |c| &c.resting);
    out.gauge(
        "client_connections_resting",
        "Client connections that have been idle for a second and hold next to no memory.",
        resting,
    );
    let idle = sum(all, |c| &c.upstream_idle);
    out.gauge(
        "upstream_connections_idle",
        "Connections to the app without a request.",
        idle,
    );
    let held = shared.held.load(Ordering::Relaxed);
    out.gauge(
        "held",
        "Requests that wait for the app to be reachable.",
        held as u64,
    );
    let target = &shared.target;
    out.counter(
        "resolutions_total",
        "Answers of the resolver.",
        target.resolutions(),
    );
    out.counter(
        "resolution_failures_total",
        "Failures of the resolver.",
        target.resolution_failures(),
    );
    out.gauge(
        "upstream_addresses",
        "Addresses of the app.",
        target.addresses().len() as u64,
    );
    let ready = u64::from(crate::readiness::is_ready(shared));
    out.gauge(
        "ready",
        "Whether the load balancer is told to send requests.",
        ready,
    );
    let phase = *shared.phase.borrow();
    out.gauge(
        "drain_phase",
        "0 serving, 1 pre-drain, 2 closing, 3 cut.",
        phase as u64,
    );
    let dropped = shared.log.dropped();
    out.counter(
        "access_log_dropped_total",
        "Lines of the access log that could not be written.",
        dropped,
    );
    out.head("build_info", "gauge", "The version that runs.");
    out.labelled(
        "build_info",
        concat!("version=\"", env!("CARGO_PKG_VERSION"), "\""),
        1,
    );
    out.0
}

fn sum(all: &[Counters], pick: Pick) -> u64 {
    all.iter().map(|counters| pick(counters).get()).sum()
}

fn latency(out: &mut Exposition, all: &[Counters]) {
    const NAME: &str = "request_duration_seconds";
    out.head(
        NAME,
        "histogram",
        "From a request's head to the last byte of its answer.",
    );
    let mut cumulative = 0;
    for (index, bound) in BUCKETS.iter().enumerate() {
        cumulative += all.iter().map(|c| c.latency[index].get()).sum::<u64>();
        let bound = Duration::from_micros(*bound).as_secs_f64();
        out.labelled(
            "request_duration_seconds_bucket",
            &format!("le=\"{bound}\""),
            cumulative,
        );
    }
    cumulative += all.iter().map(|c| c.latency[BUCKETS.len()].get()).sum::<u64>();
    out.labelled("request_duration_seconds_bucket", "le=\"+Inf\"", cumulative);
    let micros: u64 = all.iter().map(|c| c.latency_micros.get()).sum();
    let seconds = Duration::from_micros(micros).as_secs_f64();
    let _infallible = writeln!(
        out.0,
        "{PREFIX}_{NAME}_sum {seconds}\n{PREFIX}_{NAME}_count {cumulative}"
    );
}

struct Exposition(String);

impl Exposition {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _infallible = writeln!(
            self.0,
            "# HELP {PREFIX}_{name} {help}\n# TYPE {PREFIX}_{name} {kind}"
        );
    }

    fn labelled(&mut self, name: &str, label: &str, value: u64) {
        let _infallible = writeln!(self.0, "{PREFIX}_{name}{{{label}}} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "counter", help);
        let _infallible = writeln!(self.0, "{PREFIX}_{name} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "gauge", help);
        let _infallible = writeln!(self.0, "{PREFIX}_{name} {value}");
    }
}
