//! Metrics that the proxy logs, as its README lists them.
//!
//! A test compares these names with the README, which is generated from the code of the proxy.

/// Namespace in CloudWatch.
pub(super) const NAMESPACE: &str = "PenguinProxy";
/// Counts, one value per task and minute.
pub(super) const REQUESTS: &str = "Requests";
pub(super) const ERRORS: &str = "Errors";
pub(super) const RETRIES: &str = "Retries";
pub(super) const HELD: &str = "Held";
pub(super) const SHED: &str = "Shed";
pub(super) const UPSTREAM_CONNECTS: &str = "UpstreamConnects";
pub(super) const IN_FLIGHT: &str = "InFlight";
/// Histogram in milliseconds.
pub(super) const LATENCY: &str = "Latency";

/// Who made a response with a 5xx status.
#[derive(Clone, Copy)]
pub(super) enum Party {
    /// The app.
    App,
    /// The proxy, because the app did not respond, or not properly.
    Connection,
    /// The proxy, because of a limit or its own stop.
    Proxy,
}

/// Codes of `Errors.<end>`.
pub(super) const ENDS: [(Party, &[&str]); 3] = [
    (
        Party::App,
        &[
            "ok",
            "upstream.answer.cut",
            "upstream.answer.timeout",
            "client.answer.aborted",
            "client.answer.stalled",
        ],
    ),
    (
        Party::Connection,
        &[
            "upstream.connect.unreachable",
            "upstream.wait.closed",
            "upstream.wait.timeout",
            "upstream.head.malformed",
            "upstream.head.too_large",
        ],
    ),
    (
        Party::Proxy,
        &[
            "proxy.limit.in_flight",
            "proxy.limit.connections",
            "proxy.hold.full",
            "proxy.drain.cut",
            "proxy.internal",
            "proxy.loop",
        ],
    ),
];
