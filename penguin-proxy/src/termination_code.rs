//! Termination codes: who ended a request, in which phase, and why.
//!
//! The README's table is made from [`TerminationCode::ALL`].

use std::fmt::Write as _;

use http::StatusCode;

macro_rules! termination_codes {
    ($($name:ident = $code:literal, $status:expr, $meaning:literal;)+) => {
        /// Who ended a request, in which phase, why.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum TerminationCode {
            $(#[doc = $meaning] $name,)+
        }

        impl TerminationCode {
            /// Every way to end.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code in the log.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The status that the proxy answers with, or logs where no response is possible; none where the app decides.
            pub fn status(self) -> Option<u16> {
                match self { $(Self::$name => $status,)+ }
            }

            /// What it means, for people.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)+ }
            }
        }
    };
}

termination_codes! {
    Complete = "ok", None, "The response was forwarded completely.";
    HeadTimeout = "client.head.timeout", Some(408), "The request headers did not arrive within `PROXY_HEAD_TIMEOUT`.";
    HeadMalformed = "client.head.malformed", Some(400), "The request is not HTTP, or breaks the rules of HTTP/2.";
    HeadTooLarge = "client.head.too_large", Some(431), "The request has more than 32 KiB of headers or more than 100 headers.";
    HeadRefused = "client.head.refused", Some(400), "The request broke a rule; `rule` names it.";
    BodyTimeout = "client.body.timeout", Some(408), "The upload was slower than `PROXY_MIN_BODY_RATE`.";
    BodyTooLarge = "client.body.too_large", Some(413), "The request body is larger than `PROXY_MAX_BODY`.";
    BodyMalformed = "client.body.malformed", Some(400), "The framing of the request body is invalid.";
    BodyAborted = "client.body.aborted", Some(499), "The client closed the connection before the request body was complete.";
    WaitAborted = "client.wait.aborted", Some(499), "The client closed the connection, or waited half-closed for too long, before the response began.";
    AnswerAborted = "client.answer.aborted", None, "The client closed the connection before the response was complete.";
    AnswerStalled = "client.answer.stalled", None, "The client read no byte of the response for `PROXY_SEND_TIMEOUT`.";
    RateLimit = "proxy.limit.rate", Some(429), "The client sends more requests than `PROXY_CLIENT_RATE` allows.";
    InFlightLimit = "proxy.limit.in_flight", Some(503), "More than `PROXY_MAX_IN_FLIGHT` requests are in flight, and the queue is full or too slow.";
    ConnectionLimit = "proxy.limit.connections", Some(503), "More than `PROXY_MAX_CONNECTIONS` client connections are open, or more than the file descriptors allow.";
    ForwardingLoop = "proxy.loop", Some(508), "The request came back to the proxy that forwarded it: `PROXY_UPSTREAM` leads to the proxy itself.";
    UpstreamUnreachable = "upstream.connect.unreachable", Some(503), "The app was unreachable for `PROXY_HOLD`; `error` says why.";
    HoldFull = "proxy.hold.full", Some(503), "The app is unreachable and `PROXY_MAX_HELD` requests already wait.";
    UpstreamWaitTimeout = "upstream.wait.timeout", Some(504), "The app sent no response within `PROXY_FIRST_BYTE_TIMEOUT`.";
    UpstreamWaitClosed = "upstream.wait.closed", Some(502), "The app closed the connection before it responded.";
    UpstreamHeadMalformed = "upstream.head.malformed", Some(502), "The app's response is not valid HTTP.";
    UpstreamHeadTooLarge = "upstream.head.too_large", Some(502), "The app's response has more than 64 KiB of headers or more than 100 headers.";
    UpstreamAnswerCut = "upstream.answer.cut", None, "The app's response ended before it was complete; the client's connection was closed.";
    UpstreamAnswerTimeout = "upstream.answer.timeout", None, "The app sent no byte of its response for `PROXY_READ_TIMEOUT`; the client's connection was closed.";
    Tunnelled = "ok.tunnel", None, "The connection was upgraded, and later closed by either side.";
    DrainCut = "proxy.drain.cut", Some(503), "The drain ended before the response was complete.";
    Internal = "proxy.internal", Some(500), "Internal error of the proxy; see its operational log.";
}

impl TerminationCode {
    /// The status as hyper wants it.
    pub(crate) fn status_code(self) -> StatusCode {
        self.status()
            .and_then(|status| StatusCode::from_u16(status).ok())
            .unwrap_or(StatusCode::BAD_GATEWAY)
    }

    /// The codes as a table for the README.
    pub fn table() -> String {
        let mut table = String::from("| code | status | meaning |\n|---|---|---|\n");
        for end in Self::ALL {
            let status = end
                .status()
                .map_or_else(|| "the app's".to_owned(), |status| status.to_string());
            let _infallible = writeln!(table, "| `{}` | {status} | {} |", end.code(), end.meaning());
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_start_with_the_party() {
        let codes: HashSet<_> = TerminationCode::ALL.iter().map(|end| end.code()).collect();
        assert_eq!(codes.len(), TerminationCode::ALL.len());
        for end in TerminationCode::ALL {
            let who = end.code().split('.').next().unwrap();
            assert!(
                ["ok", "client", "upstream", "proxy"].contains(&who),
                "{}",
                end.code()
            );
        }
    }
}
