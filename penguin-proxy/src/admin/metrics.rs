//! Metrics in the Prometheus text format.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::process::Process;
use crate::context::Shared;
use crate::metrics::{BUCKETS, Counter, Counters, LIMITS, RetryReason};
use crate::reject_reason::RejectReason;
use crate::termination_code::TerminationCode;

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
        "held_total",
        "Requests that had to wait for the app to be reachable.",
        |c| &c.held,
    ),
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
    reasons(&mut out, all);
    latency(&mut out, all);
    for (name, help, pick) in SUMS {
        out.counter(name, help, sum(all, *pick));
    }
    let in_flight = sum(all, |c| &c.began).saturating_sub(sum(all, |c| &c.ended));
    out.gauge("requests_in_flight", "Requests being answered.", in_flight);
    out.gauge(
        "client_connections",
        "Open client connections.",
        shared.open_connections(),
    );
    let hibernated = sum(all, |c| &c.hibernated);
    out.gauge(
        "client_connections_resting",
        "Client connections that have been idle for a while and hold next to no memory.",
        hibernated,
    );
    let idle = sum(all, |c| &c.upstream_idle);
    out.gauge(
        "upstream_connections_idle",
        "Connections to the app without a request.",
        idle,
    );
    let held = shared.pending_connects.load(Ordering::Relaxed);
    out.gauge(
        "held",
        "Requests that wait for the app to be reachable.",
        held as u64,
    );
    let target = &shared.resolver;
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
    let ready = u64::from(shared.not_ready_reason().is_none());
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
    out.counter(
        "log_dropped_total",
        "Lines of the operational log that could not be written.",
        crate::telemetry::dropped(),
    );
    out.head("build_info", "gauge", "The version that runs.");
    out.labelled(
        "build_info",
        concat!("version=\"", env!("CARGO_PKG_VERSION"), "\""),
        1,
    );
    process(&mut out);
    out.0
}

fn sum(all: &[Arc<Counters>], pick: Pick) -> u64 {
    all.iter().map(|counters| pick(counters).get()).sum()
}

/// Why requests ended as they did: what explains a 502 without a look at the log.
fn reasons(out: &mut Exposition, all: &[Arc<Counters>]) {
    let count = |pick: &dyn Fn(&Counters) -> u64| all.iter().map(|counters| pick(counters)).sum::<u64>();
    out.head(
        "ends_total",
        "counter",
        "Finished requests by who ended them, in which phase, why: `end` of the access log.",
    );
    for end in TerminationCode::ALL {
        let label = format!("end=\"{}\"", end.code());
        let ended = count(&|c| c.by_end.of(*end as usize).get());
        out.labelled("ends_total", &label, ended);
    }
    out.head(
        "refusals_total",
        "counter",
        "Refused requests by what they broke: `rule` of the access log.",
    );
    for rule in RejectReason::ALL {
        let label = format!("rule=\"{}\"", rule.code());
        let refused = count(&|c| c.by_rule.of(rule as usize).get());
        out.labelled("refusals_total", &label, refused);
    }
    out.head(
        "sheds_total",
        "counter",
        "Requests answered 503 or 429 by a limit.",
    );
    for (limit, end) in LIMITS {
        let label = format!("reason=\"{limit}\"");
        let shed = count(&|c| c.by_end.of(end as usize).get());
        out.labelled("sheds_total", &label, shed);
    }
    out.head(
        "retries_total",
        "counter",
        "Requests sent again, by what became of the connection before.",
    );
    for reason in RetryReason::ALL {
        let label = format!("reason=\"{}\"", reason.as_str());
        let retried = count(&|c| c.retries.of(reason as usize).get());
        out.labelled("retries_total", &label, retried);
    }
}

/// What the kernel knows about the process.
fn process(out: &mut Exposition) {
    let process = Process::read();
    let whole = |number: Option<u64>| number.map(|number| number.to_string());
    let broken = |number: Option<f64>| number.map(|number| number.to_string());
    for (name, kind, help, value) in [
        (
            "process_cpu_seconds_total",
            "counter",
            "Processor time.",
            broken(process.cpu_seconds),
        ),
        (
            "process_resident_memory_bytes",
            "gauge",
            "Memory in RAM.",
            whole(process.resident_bytes),
        ),
        (
            "process_virtual_memory_bytes",
            "gauge",
            "Memory of addresses.",
            whole(process.virtual_bytes),
        ),
        (
            "process_open_fds",
            "gauge",
            "Open descriptors.",
            whole(process.open_descriptors),
        ),
        (
            "process_max_fds",
            "gauge",
            "Descriptors that there can be.",
            whole(process.most_descriptors),
        ),
        (
            "process_start_time_seconds",
            "gauge",
            "Start, in seconds since 1970.",
            broken(process.start_seconds),
        ),
    ] {
        if let Some(value) = value {
            let _infallible = writeln!(
                out.0,
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"
            );
        }
    }
}

fn latency(out: &mut Exposition, all: &[Arc<Counters>]) {
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
