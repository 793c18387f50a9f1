//! Reasons for which the proxy closes a client connection.

/// Why the proxy ended a connection that would have gone on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// Nothing came for too long.
    Idle,
    /// The head took too long.
    HeadTimeout,
    /// The client takes none of its bytes.
    SendTimeout,
    /// The client closed its sending side and the response did not come soon enough.
    HalfClosed,
    /// The drain's time is up.
    Drain,
}
