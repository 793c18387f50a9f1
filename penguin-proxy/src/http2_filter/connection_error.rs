//! Errors of a connection and their codes (RFC 9113 §7).

/// Why a connection ends (RFC 9113 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ConnectionError {
    /// The error code for GOAWAY.
    pub code: u32,
    what: &'static str,
}

impl ConnectionError {
    pub(super) const fn protocol(what: &'static str) -> Self {
        Self { code: 1, what }
    }

    pub(super) const fn frame_size(what: &'static str) -> Self {
        Self { code: 6, what }
    }

    pub(super) const fn compression(what: &'static str) -> Self {
        Self { code: 9, what }
    }

    pub(super) const fn calm(what: &'static str) -> Self {
        Self { code: 0xb, what }
    }
}
