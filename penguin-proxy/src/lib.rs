//! A reverse proxy for exactly one neighbour: load balancer → penguin-proxy → the app beside it.
//!
//! It never loses a request when tasks start, stop or move, needs no restart because an address changed,
//! and tells the truth about its health. A walk through the code, in the order in which a request meets it:
//!
//! 1. [`cli`] and [`config`]: arguments and environment become one checked [`config::Config`] before a port is bound.
//! 2. [`server`]: one runtime per core, each with its own listener on the same port; one more for the slow business
//!    (signals, name resolution, readiness, the admin port).
//! 3. [`connection`]: a client connection from accept to close, its phases and the sweep that enforces their time limits.
//!    [`head_scan`] looks at the raw bytes before hyper does.
//! 4. [`gateway`]: the life of one request, each step handing over to one module:
//!    [`request_rules`], [`forwarding`], [`failure_page`].
//! 5. [`upstream`]: where the app is, connections to it, the exchange itself and what is tried again.
//! 6. [`access_log`] and [`metrics`]: one line and a few counters a request, off the hot path.
//! 7. [`drain`]: how it stops without losing anything.
//!
//! Only [`connection`], [`gateway`], [`upstream`], [`upgrade`] and [`admin`] know hyper; rules are plain functions.

pub mod access_log;
pub mod admin;
pub mod body;
mod buffer;
pub mod cli;
pub mod compression;
pub mod config;
pub mod connection;
mod decimal;
pub mod drain;
pub mod failure_page;
pub mod forwarding;
pub mod gateway;
pub mod head_scan;
pub mod limits;
pub mod metrics;
pub mod readiness;
pub mod request_rules;
pub mod server;
pub mod telemetry;
pub mod upgrade;
pub mod upstream;
