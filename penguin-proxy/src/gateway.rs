//! The life of one request: admitted, prepared, sent, answered. Each step is another module's; their order is here.
//!
//! ```text
//! health path ─► rules ─► forwarding ─► upstream (hold, send, retry) ─► forwarding ─► client
//!                  │                        │
//!                  └────── failure page ◄───┘      and in any case: a line in the access log
//! ```

mod fail;
mod glimpse;
mod health;
mod record;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use http::header::{CONNECTION, EXPECT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::Service;

pub(crate) use self::fail::unheard;
pub(crate) use self::record::Record;
use crate::access_log::End;
use crate::body::{AnswerBody, RequestBody};
use crate::config::UpstreamProtocol;
use crate::connection::{Connection, UploadEnd};
use crate::forwarding::{self, Forwarded, Hop};
use crate::metrics;
use crate::request_rules::Refusal;
use crate::server::Worker;
use crate::upgrade::Tunnel;
use crate::upstream::{self, Answered, UpstreamFailure};

/// Answers the requests of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    worker: Rc<Worker>,
    client: Rc<Connection>,
}

impl Gateway {
    pub(crate) fn new(worker: Rc<Worker>, client: Rc<Connection>) -> Self {
        Self { worker, client }
    }

    async fn answer(&self, head: &mut Parts, body: RequestBody) -> Response<AnswerBody> {
        if let Some(response) = health::answer(self, head) {
            return response;
        }
        let mut record = Record::new(&self.worker, &self.client, head);
        let config = &self.worker.shared.config;
        let mut admitted = config.rules.admit(head);
        let hop = Hop {
            peer: self.client.peer(),
            local_port: self.worker.shared.port,
        };
        let mut forwarded = config.forwarding.request(&mut head.headers, head.version, hop);
        if config.upstream_protocol == UpstreamProtocol::H2c {
            // HTTP/2 has no other protocol to change to.
            forwarded.upgrade = None;
            let turned = forwarding::to_http2(head).map_err(|_| Refusal::HostSyntax);
            admitted = admitted.and_then(|admitted| turned.map(|()| admitted));
        }
        self.client.set_upgrading(forwarded.upgrade.is_some());
        let admitted = admitted.and_then(|admitted| self.is_within_limits(&forwarded).map(|()| admitted));
        record.identified(forwarded);
        match admitted {
            Ok(admitted) => {
                self.pass_on(head, body, admitted.last_on_connection, record)
                    .await
            }
            Err(refusal) => fail::refused(self, record, refusal),
        }
    }

    async fn pass_on(
        &self,
        head: &mut Parts,
        body: RequestBody,
        last: bool,
        mut record: Box<Record>,
    ) -> Response<AnswerBody> {
        let shared = &self.worker.shared;
        let wish = shared
            .config
            .compression
            .wish(&head.method, head.version, &head.headers);
        // The expectation was this proxy's to meet: hyper sends 100 once the app takes the body.
        head.headers.remove(EXPECT);
        head.version = Version::HTTP_11;
        let Ok(place) = shared.in_flight.enter().await else {
            return fail::refused(self, record, Refusal::Overloaded);
        };
        let sent = upstream::send(&self.worker, &self.client, &mut record.journey, head, body).await;
        drop(place);
        record.first_byte();
        let (mut answer, switched) = match sent {
            Ok(Answered::Response(response)) => {
                let (head, body) = response.into_parts();
                (Response::from_parts(head, ()), Ok(body))
            }
            Ok(Answered::Switched(response, stream, unread)) => (response, Err((stream, unread))),
            Err(failure) => return fail::unanswered(self, record, failure),
        };
        let status = answer.status();
        if let Some(forwarded) = record.forwarded() {
            shared
                .config
                .forwarding
                .response(answer.headers_mut(), status, forwarded);
        }
        *answer.version_mut() = Version::HTTP_11;
        record.answered(status);
        match switched {
            Ok(body) => {
                let compressed = shared.config.compression.apply(wish, answer.map(|()| body)).await;
                let mut answer = match compressed {
                    Ok(answer) => answer,
                    Err(error) => return fail::broken_off(self, record, &error),
                };
                self.say_whether_last(answer.headers_mut(), last);
                answer.map(|body| AnswerBody::passing(body, &self.client, record))
            }
            Err(_)
                if record
                    .forwarded()
                    .is_none_or(|forwarded| forwarded.upgrade.is_none()) =>
            {
                let failure = UpstreamFailure::new(End::UpstreamMalformed, "it changed the protocol unasked");
                fail::unanswered(self, record, failure)
            }
            Err((stream, unread)) => {
                self.client.put_tunnel(Tunnel {
                    stream,
                    unread,
                    record,
                });
                answer.map(|()| AnswerBody::own(bytes::Bytes::new(), &self.client, None))
            }
        }
    }

    /// Whether the connection came when there was no room, and there still is none.
    fn is_one_too_many(&self) -> bool {
        let shared = &self.worker.shared;
        self.client.is_surplus()
            && metrics::open_connections(&shared.counters) > shared.config.bounds.connections as u64
    }

    /// Whether a request that keeps the rules is not one too many.
    fn is_within_limits(&self, forwarded: &Forwarded) -> Result<(), Refusal> {
        if self.is_one_too_many() {
            return Err(Refusal::TooManyConnections);
        }
        let Some(limit) = &self.worker.shared.client_rate else {
            return Ok(());
        };
        let admitted = limit.admit(forwarded.client.address);
        admitted.map(drop).map_err(|_| Refusal::RateLimited)
    }

    /// Says so where the connection ends with this answer: when it must, while draining, and when the app answers
    /// before it has taken the whole request. HTTP/2 has other means for all three.
    fn say_whether_last(&self, headers: &mut HeaderMap, must_end: bool) {
        let last = must_end || self.worker.is_closing() || self.client.upload_end() != UploadEnd::Complete;
        if last && !self.client.is_stream() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

impl Service<Request<Incoming>> for Gateway {
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (mut head, body) = request.into_parts();
        let body = RequestBody::new(body, &self.client, self.worker.shared.config.rules.max_body());
        // At once, and not when the future is first polled: hyper reads on before that.
        self.client.request_began(!body.is_empty());
        let gateway = self.clone();
        Box::pin(async move { Ok(gateway.answer(&mut head, body).await) })
    }
}

/// What a broken upload means for the client that sent it.
fn upload_failure(end: UploadEnd) -> Option<End> {
    match end {
        UploadEnd::Underway | UploadEnd::Complete => None,
        UploadEnd::TooSlow => Some(End::BodyTimeout),
        UploadEnd::TooLarge => Some(End::BodyTooLarge),
        UploadEnd::Refused(_) => Some(End::BodyMalformed),
        UploadEnd::Broken => Some(End::BodyAborted),
    }
}
