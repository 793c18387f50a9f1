//! The proxy as its neighbours see it: real sockets on port 0, an app that does as it is told, no sleeping to wait.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test"
)]

// The crate's import graph, and the rules that it keeps.
#[path = "../../../.ci/imports.rs"]
mod imports;
mod layers;

// Addresses that nobody listens on.
#[path = "../../../.ci/vacant.rs"]
mod vacant;

// The stage: an app with a script, a proxy in this process, a client that speaks raw bytes.
mod stage;

// What is passed on, and how it looks on the other side.
mod passing_on;
// Which requests share a connection to the app.
mod reuse;
// The app is late, moves, is gone.
mod absent_app;
// The app answers, and does it badly.
mod faulty_app;
// Packets and names that vanish.
mod vanishing;
// Ten thousand faults of all kinds, and what is left of them.
mod mixture;
// Heads and bodies that come slowly, half, wrongly or too large.
mod hostile_clients;
// Bodies without a known length, upgrades, half-closed clients.
mod streams;
// Clients that close their sending side after the request.
mod half_close;
// When the load balancer is told to send requests.
mod readiness;
// Clients that speak HTTP/2 from the first byte.
mod http2;
// Apps that speak HTTP/2 from the first byte, such as gRPC services.
mod grpc;
// RST_STREAM(NO_ERROR) before and after the end of a message.
mod no_error_resets;
// Apps that speak HTTP/2 and break its rules in one response of many.
mod malformed_responses;
// Behind a load balancer whose clients share a connection.
mod behind_haproxy;
// What connections hold while nothing happens on them.
mod hibernation;
// Stopping without losing anything.
mod drain;
// The program: signals, exit codes, its own probe.
mod program;
// Admin endpoints, the log and the numbers.
mod told;
// Metrics in the log.
mod metrics_log;
// Tables in the README that are made from the code.
mod documents;
// Answers in the coding that the client accepts.
mod compressing;
// Too much at once.
mod overload;
// Requests that parsers disagree about: nothing of the kind reaches the app.
mod strictness;
