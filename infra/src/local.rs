//! Runs the service on this machine like a task: same environment, start order, health checks and stop signal.
//!
//! ```text
//! workspace   root of the checkout
//! ports       free ports, owners of occupied ones
//! build       cargo, paths of the binaries
//! session     start app, start proxy once the app is healthy, stop in reverse order
//!   process   one child: spawn, read, signal, reap
//!   output    prefixed lines
//!   supervisor    stops the children if this process is killed
//! ```
//!
//! All events arrive in one channel ([`events`]) and are handled by one thread. Independent of clap, Docker and AWS.

pub mod build;
pub mod events;
pub mod output;
pub mod ports;
mod process;
pub mod session;
pub mod supervisor;
pub mod workspace;
