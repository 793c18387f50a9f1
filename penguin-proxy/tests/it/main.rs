//! The proxy as its neighbours see it: real sockets on port 0, an app that does as it is told, no sleeping to wait.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    reason = "a failed unwrap is a failed test; the stage is ahead of its plays"
)]

// The stage: an app with a script, a proxy in this process, a client that speaks raw bytes.
mod stage;

// What is passed on, and how it looks on the other side.
mod passing_on;
// Requests that parsers disagree about: nothing of the kind reaches the app.
mod strictness;
