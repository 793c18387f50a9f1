//! How a request ended: one short, stable code that says who ended it, in which phase, and why.
//!
//! The README's table is made from [`End::ALL`] and held by a test, so a code cannot go undocumented.

use std::fmt::Write as _;

use http::StatusCode;

macro_rules! ends {
    ($($name:ident = $code:literal, $status:expr, $meaning:literal;)+) => {
        /// Who ended a request, in which phase, why.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum End {
            $(#[doc = $meaning] $name,)+
        }

        impl End {
            /// Every way to end.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code in the log.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The status that the proxy answers with, or logs where no answer is possible; none where the app decides.
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

ends! {
    Complete = "ok", None, "The app's answer was passed on completely.";
    HeadTimeout = "client.head.timeout", Some(408), "The request's head did not arrive within `PROXY_HEAD_TIMEOUT`.";
    HeadMalformed = "client.head.malformed", Some(400), "The request's head is not HTTP, or the client broke the rules of HTTP/2.";
    HeadTooLarge = "client.head.too_large", Some(431), "The request's head is larger than 32 KiB or has more than 100 fields.";
    Refused = "client.head.refused", Some(400), "A rule for requests was broken; `rule` names it.";
    BodyTimeout = "client.body.timeout", Some(408), "The upload was slower than `PROXY_MIN_BODY_RATE`.";
    BodyTooLarge = "client.body.too_large", Some(413), "The request's body is larger than `PROXY_MAX_BODY`.";
    BodyMalformed = "client.body.malformed", Some(400), "The framing of the request's body is broken.";
    BodyAborted = "client.body.aborted", Some(499), "The client left in the middle of its upload.";
    WaitAborted = "client.wait.aborted", Some(499), "The client left, or waited half-closed for too long, before the answer began.";
    AnswerAborted = "client.answer.aborted", None, "The client left in the middle of the answer.";
    AnswerStalled = "client.answer.stalled", None, "The client took no byte of the answer for `PROXY_SEND_TIMEOUT`.";
    RateLimited = "proxy.limit.rate", Some(429), "The client sends more requests than it may.";
    Overloaded = "proxy.limit.in_flight", Some(503), "Too many requests are being answered.";
    TooManyConnections = "proxy.limit.connections", Some(503), "More than `PROXY_MAX_CONNECTIONS` client connections are open, or more than there are descriptors for.";
    HoldExpired = "upstream.connect.unreachable", Some(503), "The app could not be reached within `PROXY_HOLD`; `error` says why.";
    HoldFull = "proxy.hold.full", Some(503), "The app cannot be reached and `PROXY_MAX_HELD` requests already wait.";
    UpstreamSilent = "upstream.wait.timeout", Some(504), "The app did not begin to answer within `PROXY_FIRST_BYTE_TIMEOUT`.";
    UpstreamClosed = "upstream.wait.closed", Some(502), "The app closed the connection before it answered.";
    UpstreamMalformed = "upstream.head.malformed", Some(502), "The app's answer is not HTTP/1.1.";
    UpstreamTooLarge = "upstream.head.too_large", Some(502), "The head of the app's answer is larger than 64 KiB or has more than 100 fields.";
    UpstreamCut = "upstream.answer.cut", None, "The app's answer ended before it was complete; the client's connection was cut.";
    Tunnelled = "ok.tunnel", None, "The connection was upgraded, and closed by either side.";
    DrainCut = "proxy.drain.cut", Some(503), "The drain's time was up before the answer was complete.";
    Panicked = "proxy.internal", Some(500), "A fault of the proxy itself; its operational log has more.";
}

impl End {
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
    fn codes_are_unique_and_say_who_where_why() {
        let codes: HashSet<_> = End::ALL.iter().map(|end| end.code()).collect();
        assert_eq!(codes.len(), End::ALL.len());
        for end in End::ALL {
            let who = end.code().split('.').next().unwrap();
            assert!(
                ["ok", "client", "upstream", "proxy"].contains(&who),
                "{}",
                end.code()
            );
        }
    }
}
