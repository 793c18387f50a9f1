//! Failure of a request at the app: what the client is told, and whether the request may be sent again.

use std::fmt;

use crate::request_body::RequestBody;
use crate::termination_code::TerminationCode;

/// Why there is no response, and what that means for the client.
#[derive(Debug)]
pub(crate) struct UpstreamFailure {
    pub(crate) end: TerminationCode,
    pub(crate) reason: String,
    /// The connection died before a single byte of a response: a repeatable request may be sent again.
    pub(super) unanswered: bool,
    /// The request body, where no byte of the request was taken: it may be sent again whatever its method.
    pub(super) unsent: Option<Box<RequestBody>>,
}

impl UpstreamFailure {
    pub(crate) fn new(end: TerminationCode, reason: impl fmt::Display) -> Self {
        Self {
            end,
            reason: reason.to_string(),
            unanswered: false,
            unsent: None,
        }
    }
}
