//! Whole stories: the real program, used as a person uses it, against ministack on loopback.
//!
//! A binary of its own, since it needs the Python tools of `.ci/test` and nothing of this crate but the program.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

// The stand-in for AWS, and what a test asks it directly.
mod cloud;
// Status, releases and the way back.
mod daily;
// Killed with kill -9 in every phase, and begun again.
mod killed;
// From nothing to a site, through updates and failures, and back to nothing.
mod life;
// The wire between the two, which a test may cut.
mod relay;
// A run of the program: in a pipe or in a terminal.
mod run;
