//! Rules for retries.
//!
//! * An unreachable app: the request has not been sent, so any request waits (`PROXY_HOLD`).
//! * A connection that closed before a byte of the request was written: any request may be sent again.
//! * A connection that closed before a byte of the response: the app may have processed the request. It is sent again
//!   only if its method is idempotent and it has no body.
//! * A pooled connection that closed before any response byte is retried outside the budget; a fresh one counts against
//!   it.
//! * A status never causes a retry.

use http::Method;

use crate::request_body::RequestBody;

/// A request is sent at most this often.
pub(super) const MOST_SENT: u32 = 3;

/// Sending it twice does what sending it once does, and there is nothing of it that could be sent only once.
pub(super) fn is_repeatable(method: &Method, body: &RequestBody) -> bool {
    method.is_idempotent() && body.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_idempotent_requests_without_body_are_repeatable() {
        let empty = RequestBody::empty();
        for method in [
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::PUT,
            Method::DELETE,
        ] {
            assert!(is_repeatable(&method, &empty), "{method}");
        }
        for method in [Method::POST, Method::PATCH] {
            assert!(!is_repeatable(&method, &empty), "{method}");
        }
    }
}
