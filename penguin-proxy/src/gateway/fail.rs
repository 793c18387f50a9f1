//! Answers of the proxy's own: the one place where an end becomes a status and a page.

use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::{Gateway, Record, upload_failure};
use crate::access_log::End;
use crate::body::AnswerBody;
use crate::compression::EncodedError;
use crate::connection::{Connection, UploadEnd};
use crate::failure_page::Failure;
use crate::forwarding::{Forwarded, Hop};
use crate::request_rules::Refusal;
use crate::server::Worker;
use crate::upstream::http1::write_fields;
use crate::upstream::{BrokeOff, UpstreamFailure};

/// When a request that could not be passed on is worth another try.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A request that breaks a rule.
pub(super) fn refused(gateway: &Gateway, mut record: Box<Record>, refusal: Refusal) -> Response<AnswerBody> {
    let end = end_of(refusal);
    record.refused(end, refusal);
    let allow = (refusal == Refusal::Method).then(|| gateway.worker.shared.config.rules.allow());
    let page = Page {
        status: refusal.status(),
        code: refusal.code(),
        explanation: refusal.explanation(),
        allow,
    };
    page.answer(gateway, record, refusal.closes())
}

/// A request that the app did not answer, through whosever fault.
pub(super) fn unanswered(
    gateway: &Gateway,
    mut record: Box<Record>,
    failure: UpstreamFailure,
) -> Response<AnswerBody> {
    let upload = gateway.client.upload_end();
    if let UploadEnd::Refused(refusal) = upload {
        record.refused(End::BodyMalformed, refusal);
        let page = Page {
            status: refusal.status(),
            code: refusal.code(),
            explanation: refusal.explanation(),
            allow: None,
        };
        return page.answer(gateway, record, true);
    }
    let end = upload_failure(upload).unwrap_or(failure.end);
    record.failed(
        end,
        if end == failure.end {
            failure.reason
        } else {
            String::new()
        },
    );
    let status = end.status_code();
    let page = Page {
        status,
        code: end.code(),
        explanation: explanation(end),
        allow: None,
    };
    page.answer(gateway, record, upload != UploadEnd::Complete)
}

/// An answer that broke off before anything of it was sent on, because it was to be compressed as a whole.
pub(super) fn broken_off(
    gateway: &Gateway,
    mut record: Box<Record>,
    error: &EncodedError<BrokeOff>,
) -> Response<AnswerBody> {
    let end = End::UpstreamClosed;
    record.failed(end, error.to_string());
    let page = Page {
        status: end.status_code(),
        code: end.code(),
        explanation: explanation(end),
        allow: None,
    };
    page.answer(
        gateway,
        record,
        gateway.client.upload_end() != UploadEnd::Complete,
    )
}

/// A request that never became one: its head was refused, or did not come in time. Gives the bytes of the answer,
/// and writes the line, for which `seen` is what came of the request.
pub(crate) fn unheard(
    worker: &Rc<Worker>,
    client: &Rc<Connection>,
    refusal: Refusal,
    seen: &[u8],
) -> Vec<u8> {
    let mut headers = HeaderMap::new();
    let hop = Hop {
        peer: client.peer(),
        local_port: worker.shared.port,
    };
    let forwarding = &worker.shared.config.forwarding;
    let forwarded = forwarding.request(&mut headers, http::Version::HTTP_11, hop);
    let mut record = Record::unheard(worker, client);
    record.identified(forwarded.clone());
    record.refused(end_of(refusal), refusal);
    record.glimpsed(seen);
    let failure = Failure {
        status: refusal.status(),
        code: refusal.code(),
        explanation: refusal.explanation(),
        request_id: Some(&forwarded.trace.request_id),
        retry_after: None,
        allow: None,
    };
    let mut response = failure.respond(&Method::GET, &HeaderMap::new());
    let status = response.status();
    forwarding.response(response.headers_mut(), status, &forwarded);
    record.sent(response.body().len() as u64);
    wire(&response)
}

/// An answer as it goes over the wire, the last of its connection.
fn wire(response: &Response<bytes::Bytes>) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    let status = response.status();
    let _infallible = write!(
        out,
        "HTTP/1.1 {} {}\r\n",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default()
    );
    write_fields(response.headers(), &mut out);
    out.extend_from_slice(b"connection: close\r\n\r\n");
    out.extend_from_slice(response.body());
    out
}

fn end_of(refusal: Refusal) -> End {
    match refusal {
        Refusal::HeadTimeout => End::HeadTimeout,
        Refusal::BodyTimeout => End::BodyTimeout,
        Refusal::BodyTooLarge => End::BodyTooLarge,
        Refusal::RateLimited | Refusal::Http2Resets => End::RateLimited,
        Refusal::Http2 => End::HeadMalformed,
        Refusal::Overloaded => End::Overloaded,
        Refusal::TooManyConnections => End::TooManyConnections,
        Refusal::HeadTooLarge | Refusal::TooManyFields | Refusal::TargetTooLong => End::HeadTooLarge,
        Refusal::ChunkEnd | Refusal::ChunkExtension | Refusal::ChunkSize | Refusal::TrailersTooLarge => {
            End::BodyMalformed
        }
        _ => End::Refused,
    }
}

/// One sentence for the client. It must not tell anything of the network behind the proxy.
fn explanation(end: End) -> &'static str {
    match end {
        End::BodyTimeout => Refusal::BodyTimeout.explanation(),
        End::BodyTooLarge => Refusal::BodyTooLarge.explanation(),
        End::BodyAborted => "The request's body broke off.",
        End::HoldExpired | End::HoldFull => "The site is starting or moving; please try again in a moment.",
        End::UpstreamSilent => "The site took too long to answer.",
        End::UpstreamTooLarge => "The site's answer has a head too large to pass on.",
        End::UpstreamMalformed => "The site's answer could not be understood.",
        _ => "The site broke off before it answered.",
    }
}

struct Page<'a> {
    status: StatusCode,
    code: &'a str,
    explanation: &'a str,
    allow: Option<&'a HeaderValue>,
}

impl Page<'_> {
    fn answer(&self, gateway: &Gateway, record: Box<Record>, closes: bool) -> Response<AnswerBody> {
        let forwarded: Option<Forwarded> = record.forwarded().cloned();
        let mut accept = HeaderMap::new();
        if let Some(value) = record.accept() {
            accept.insert(ACCEPT, value.clone());
        }
        let busy =
            self.status == StatusCode::SERVICE_UNAVAILABLE || self.status == StatusCode::TOO_MANY_REQUESTS;
        let failure = Failure {
            status: self.status,
            code: self.code,
            explanation: self.explanation,
            request_id: forwarded.as_ref().map(|forwarded| &forwarded.trace.request_id),
            retry_after: busy.then_some(RETRY_AFTER),
            allow: self.allow,
        };
        let mut response = failure.respond(record.method(), &accept);
        if let Some(forwarded) = &forwarded {
            gateway
                .worker
                .shared
                .config
                .forwarding
                .response(response.headers_mut(), self.status, forwarded);
        }
        gateway.say_whether_last(response.headers_mut(), closes);
        response.map(|bytes| AnswerBody::own(bytes, &gateway.client, Some(record)))
    }
}
