//! Course of one request through rules, forwarding and upstream.
//!
//! ```text
//! health path ─► rules ─► forwarding ─► upstream (wait, send, retry) ─► forwarding ─► client
//!                  │                        │
//!                  └────── error page ◄─────┘      always: one line in the access log
//! ```

mod error_response;
mod health;
mod response_body;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, Version};
use hyper::body::Incoming;
use tokio::time::sleep;

pub(crate) use self::error_response::rejected_before_parse;
pub(crate) use self::response_body::ResponseBody;
use crate::access_log::RequestLog;
use crate::client_state::{ClientState, Takeover, UploadState};
use crate::config::UpstreamProtocol;
use crate::context::Worker;
use crate::forwarding::{self, Forwarded, Hop};
use crate::reject_reason::RejectReason;
use crate::request_body::RequestBody;
use crate::request_rules::target;
use crate::termination_code::TerminationCode;
use crate::upgrade::{self, Tunnel};
use crate::upstream::{self, Answered, Upstream, UpstreamFailure};

/// A head waits no longer than this for its body to be compressed as a whole.
const COMPRESSION_TIMEOUT: Duration = Duration::from_millis(500);

/// Answers one request.
#[derive(Debug)]
pub(crate) struct Gateway {
    worker: Rc<Worker>,
    upstream: Rc<Upstream>,
    client: Rc<ClientState>,
}

impl Gateway {
    pub(crate) fn new(worker: &Rc<Worker>, upstream: &Rc<Upstream>, client: &Rc<ClientState>) -> Self {
        Self {
            worker: Rc::clone(worker),
            upstream: Rc::clone(upstream),
            client: Rc::clone(client),
        }
    }

    /// Returns the response in the making. The request counts as begun at once, because hyper reads on before the
    /// future is first polled.
    pub(crate) fn respond(
        self,
        request: Request<Incoming>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, Infallible>>>> {
        let (mut head, body) = request.into_parts();
        if self.client.is_server_wide() {
            target::set_asterisk(&mut head.uri);
        }
        let body = RequestBody::new(body, &self.client, self.worker.shared.config.rules.max_body());
        self.client.request_began(!body.is_empty());
        let closes = head
            .headers
            .get(CONNECTION)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"));
        self.client.set_client_closes(closes);
        Box::pin(async move { Ok(self.answer(&mut head, body).await) })
    }

    async fn answer(&self, head: &mut Parts, body: RequestBody) -> Response<ResponseBody> {
        if let Some(response) = health::answer(self, head) {
            return response;
        }
        let mut request_log = RequestLog::new(&self.worker.log, &self.client, head);
        let config = &self.worker.shared.config;
        let mut admitted = config.rules.admit(head);
        if admitted.is_ok() {
            request_log.admitted(head);
        }
        let hop = Hop {
            peer: self.client.peer(),
            local_port: self.worker.shared.port,
        };
        let mut forwarded = config.forwarding.request(&mut head.headers, head.version, hop);
        if config.upstream_protocol == UpstreamProtocol::H2c {
            // HTTP/2 has no other protocol to change to.
            forwarded.upgrade = None;
            let turned = forwarding::to_http2(head).map_err(|_| RejectReason::HostSyntax);
            admitted = admitted.and_then(|admitted| turned.map(|()| admitted));
        }
        let admitted = match admitted {
            Ok(_) if forwarded.looped => Err((RejectReason::ForwardingLoop, None)),
            Ok(admitted) => self.is_within_limits(&forwarded).map(|()| admitted),
            Err(refusal) => Err((refusal, None)),
        };
        request_log.identified(forwarded);
        match admitted {
            Ok(admitted) => {
                self.forward(head, body, admitted.last_on_connection, request_log)
                    .await
            }
            Err((refusal, wait)) => error_response::rejected(self, request_log, refusal, wait),
        }
    }

    async fn forward(
        &self,
        head: &mut Parts,
        body: RequestBody,
        last: bool,
        mut request_log: Box<RequestLog>,
    ) -> Response<ResponseBody> {
        let shared = &self.worker.shared;
        let accepted_coding = shared
            .config
            .compression
            .negotiate(&head.method, head.version, &head.headers);
        // The expectation was this proxy's to meet: hyper sends 100 once the app takes the body.
        head.headers.remove(EXPECT);
        let wants_trailers = head.version == Version::HTTP_11 && head.headers.contains_key(TE);
        head.version = Version::HTTP_11;
        let Ok(permit) = shared.in_flight.enter().await else {
            return error_response::rejected(self, request_log, RejectReason::Overloaded, None);
        };
        let sent = upstream::send(&self.upstream, &self.client, &mut request_log.attempt, head, body).await;
        drop(permit);
        if sent.is_ok() {
            request_log.first_byte();
        }
        let (mut answer, switched) = match sent {
            Ok(Answered::Response(response)) => {
                let (head, body) = response.into_parts();
                (Response::from_parts(head, ()), Ok(body))
            }
            Ok(Answered::Switched(response, stream, unread)) => (response, Err((stream, unread))),
            Err(failure) => return error_response::unanswered(self, request_log, failure),
        };
        let status = answer.status();
        if let Some(forwarded) = request_log.forwarded() {
            shared
                .config
                .forwarding
                .response(answer.headers_mut(), status, forwarded);
        }
        *answer.version_mut() = Version::HTTP_11;
        request_log.answered(status);
        match switched {
            Ok(body) => {
                let timeout = shared.config.timeouts.read.of(answer.headers().get(CONTENT_TYPE));
                let compressed = shared
                    .config
                    .compression
                    .apply(accepted_coding, answer.map(|()| body), async {
                        sleep(COMPRESSION_TIMEOUT).await;
                    })
                    .await;
                let mut answer = match compressed {
                    Ok(answer) => answer,
                    Err(error) => return error_response::incomplete(self, request_log, &error),
                };
                self.announce_close(answer.headers_mut(), last);
                let chunked = !answer.headers().contains_key(CONTENT_LENGTH);
                answer.map(|body| {
                    let body = ResponseBody::passing(body, &self.client, request_log, timeout);
                    if wants_trailers && chunked {
                        body.with_trailers()
                    } else {
                        body
                    }
                })
            }
            Err(_)
                if request_log
                    .forwarded()
                    .is_none_or(|forwarded| forwarded.upgrade.is_none()) =>
            {
                let failure = UpstreamFailure::new(
                    TerminationCode::UpstreamHeadMalformed,
                    "unexpected 101 Switching Protocols",
                );
                error_response::unanswered(self, request_log, failure)
            }
            Err((stream, unread)) => {
                let client = Rc::clone(&self.client);
                let upstream = Tunnel {
                    stream,
                    unread,
                    request_log,
                };
                self.client
                    .set_takeover(Takeover::new(async move |stream, unread| {
                        upgrade::run(&client, stream, unread, upstream).await;
                    }));
                answer.map(|()| ResponseBody::own(bytes::Bytes::new(), &self.client, None))
            }
        }
    }

    /// Whether the connection came when there was no room, and there still is none.
    fn exceeds_connection_limit(&self) -> bool {
        let shared = &self.worker.shared;
        self.client.is_surplus() && shared.open_connections() > shared.config.bounds.connections as u64
    }

    /// Whether a request that keeps the rules is not one too many. If it is: when to try again, where that is known.
    fn is_within_limits(&self, forwarded: &Forwarded) -> Result<(), (RejectReason, Option<Duration>)> {
        if self.exceeds_connection_limit() {
            return Err((RejectReason::TooManyConnections, None));
        }
        let Some(limit) = &self.worker.shared.client_rate else {
            return Ok(());
        };
        let admitted = limit.admit(forwarded.client.address);
        admitted.map_err(|too_often| (RejectReason::RateLimited, Some(too_often.retry_after)))
    }

    /// Says so where the connection ends with this answer: when it must, while draining, and when the app answers
    /// before it has taken the whole request. HTTP/2 has other means for all three.
    fn announce_close(&self, headers: &mut HeaderMap, must_end: bool) {
        let last =
            must_end || self.worker.is_closing() || self.client.upload().state() != UploadState::Complete;
        if last && !self.client.is_stream() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// What a broken upload means for the client that sent it.
fn upload_failure(end: UploadState) -> Option<TerminationCode> {
    match end {
        UploadState::Underway | UploadState::Complete => None,
        UploadState::TooSlow => Some(TerminationCode::BodyTimeout),
        UploadState::TooLarge => Some(TerminationCode::BodyTooLarge),
        UploadState::Refused(_) => Some(TerminationCode::BodyMalformed),
        UploadState::Broken => Some(TerminationCode::BodyAborted),
    }
}
