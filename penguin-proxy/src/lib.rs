//! A reverse proxy for exactly one upstream: load balancer → penguin-proxy → app.
//!
//! It loses no request when tasks start, stop or move, and follows address changes without a restart. The modules, in
//! the order in which a request meets them:
//!
//! 1. [`cli`] and [`config`]: arguments and environment become one validated [`config::Config`] before a port is bound.
//! 2. [`server`]: one runtime per core, each with its own listener on the same port; one more for signals, DNS, health
//!    checks and the admin port.
//! 3. [`connection`]: a client connection from accept to close, and its time limits. [`head_scan`] checks the raw bytes
//!    before hyper.
//! 4. [`gateway`]: the course of one request: [`request_rules`], [`forwarding`], [`error_page`].
//! 5. [`upstream`]: connections to the app, exchanges and retries.
//! 6. [`access_log`] and [`metrics`]: one line and a few counters per request.
//! 7. [`drain`]: the shutdown plan.
//!
//! Only [`connection`], [`gateway`], [`upstream`] and [`admin`] use hyper. ARCHITECTURE.md has the import graph.

pub mod access_log;
pub mod admin;
mod buffer;
mod cgroup;
pub mod cli;
mod client_state;
pub mod compression;
pub mod config;
pub mod connection;
mod content_length;
mod context;
mod decimal;
pub mod drain;
pub mod error_page;
mod filtered_stream;
pub mod forwarding;
pub mod gateway;
pub mod grpc;
pub mod head_scan;
pub mod http2_filter;
pub mod limits;
mod log_writer;
pub mod metrics;
mod readiness;
pub mod reject_reason;
mod request_body;
mod request_limits;
pub mod request_rules;
pub mod resolver;
pub mod server;
pub mod telemetry;
pub mod termination_code;
pub mod upgrade;
pub mod upstream;
