//! The proxy's integration tests, one module for each behaviour.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

// Requests that parsers disagree about: nothing of the kind reaches the app.
mod strictness;
