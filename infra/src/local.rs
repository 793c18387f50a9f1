//! Runs the service on this machine, as the task would: same environment, start order, health checks and stop signal.
//!
//! ```text
//! workspace   where the checkout is
//! ports       which ports are free, and who has those that are not
//! build       cargo, and where the programs are
//! session     app, healthy? proxy, healthy? open … drain the proxy, then the app
//!   process   one child: spawned, read, signalled, reaped
//!   output    whose line is this?
//!   warden    ends the children should we be killed ourselves
//! ```
//!
//! Everything that can happen arrives in one channel ([`events`]) and is handled by one thread, so that there is one
//! place to read for each story. It knows nothing of clap, Docker or AWS.

pub mod build;
pub mod events;
pub mod output;
pub mod ports;
mod process;
pub mod session;
pub mod warden;
pub mod workspace;
