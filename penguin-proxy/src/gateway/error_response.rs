//! Error responses of the proxy: maps termination codes to status and page.

use std::io::Write;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use http::header::{ACCEPT, DATE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::response_body::ResponseBody;
use super::{Gateway, upload_failure};
use crate::access_log::RequestLog;
use crate::client_state::{ClientState, UploadState};
use crate::compression::EncodedError;
use crate::context::Worker;
use crate::error_page::ErrorResponse;
use crate::forwarding::{Forwarded, Hop};
use crate::grpc;
use crate::reject_reason::RejectReason;
use crate::termination_code::TerminationCode;
use crate::upstream::http1::write_fields;
use crate::upstream::{IncompleteResponse, UpstreamFailure};

/// When a request that could not be forwarded is worth another try.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A request that breaks a rule, or is one too many until so much later.
pub(super) fn rejected(
    gateway: &Gateway,
    mut request_log: Box<RequestLog>,
    refusal: RejectReason,
    retry_after: Option<Duration>,
) -> Response<ResponseBody> {
    let end = end_of(refusal);
    request_log.rejected(end, refusal);
    let allow = (refusal == RejectReason::Method).then(|| gateway.worker.shared.config.rules.allow());
    let page = Page {
        status: refusal.status(),
        code: refusal.code(),
        explanation: refusal.explanation(),
        allow,
        retry_after,
    };
    page.answer(gateway, request_log, refusal.closes())
}

/// A request that the app did not answer, through whosever fault.
pub(super) fn unanswered(
    gateway: &Gateway,
    mut request_log: Box<RequestLog>,
    failure: UpstreamFailure,
) -> Response<ResponseBody> {
    let upload = gateway.client.upload().state();
    if let UploadState::Refused(refusal) = upload {
        request_log.rejected(TerminationCode::BodyMalformed, refusal);
        let page = Page {
            status: refusal.status(),
            code: refusal.code(),
            explanation: refusal.explanation(),
            allow: None,
            retry_after: None,
        };
        return page.answer(gateway, request_log, true);
    }
    let end = upload_failure(upload).unwrap_or(failure.end);
    request_log.failed(
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
        retry_after: None,
    };
    page.answer(gateway, request_log, upload != UploadState::Complete)
}

/// A response that ended early before anything of it was sent on, because it was to be compressed as a whole.
pub(super) fn incomplete(
    gateway: &Gateway,
    mut request_log: Box<RequestLog>,
    error: &EncodedError<IncompleteResponse>,
) -> Response<ResponseBody> {
    let end = TerminationCode::UpstreamWaitClosed;
    request_log.failed(end, error.to_string());
    let page = Page {
        status: end.status_code(),
        code: end.code(),
        explanation: explanation(end),
        allow: None,
        retry_after: None,
    };
    page.answer(
        gateway,
        request_log,
        gateway.client.upload().state() != UploadState::Complete,
    )
}

/// A request that never became one: its head was refused, or did not come in time. Returns the bytes of the response,
/// and writes the line, for which `seen` is what came of the request.
pub(crate) fn rejected_before_parse(
    worker: &Rc<Worker>,
    client: &Rc<ClientState>,
    refusal: RejectReason,
    seen: &[u8],
) -> Vec<u8> {
    let mut headers = HeaderMap::new();
    let hop = Hop {
        peer: client.peer(),
        local_port: worker.shared.port,
    };
    let forwarding = &worker.shared.config.forwarding;
    let forwarded = forwarding.request(&mut headers, http::Version::HTTP_11, hop);
    let mut request_log = RequestLog::rejected_before_parse(&worker.log, client);
    request_log.identified(forwarded.clone());
    request_log.rejected(end_of(refusal), refusal);
    request_log.partial(seen);
    let failure = ErrorResponse {
        status: refusal.status(),
        code: refusal.code(),
        explanation: refusal.explanation(),
        request_id: Some(&forwarded.trace.request_id),
        retry_after: None,
        allow: None,
    };
    let mut response = failure.respond(&worker.shared.config.error_page, &Method::GET, &HeaderMap::new());
    let status = response.status();
    forwarding.response(response.headers_mut(), status, &forwarded);
    let date = httpdate::fmt_http_date(SystemTime::now());
    if let Ok(date) = HeaderValue::try_from(date) {
        response.headers_mut().insert(DATE, date);
    }
    // In HTTP/2 the stream or the connection ends with a code, and no page is sent.
    if !client.speaks_http2() {
        request_log.sent(response.body().len() as u64);
    }
    wire(&response)
}

/// A response as it goes over the wire, the last of its connection.
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

fn end_of(refusal: RejectReason) -> TerminationCode {
    match refusal {
        RejectReason::HeadTimeout => TerminationCode::HeadTimeout,
        RejectReason::BodyTimeout => TerminationCode::BodyTimeout,
        RejectReason::BodyTooLarge => TerminationCode::BodyTooLarge,
        RejectReason::RateLimited | RejectReason::Http2Resets => TerminationCode::RateLimit,
        RejectReason::Http2 => TerminationCode::HeadMalformed,
        RejectReason::Overloaded => TerminationCode::InFlightLimit,
        RejectReason::TooManyConnections => TerminationCode::ConnectionLimit,
        RejectReason::ForwardingLoop => TerminationCode::ForwardingLoop,
        RejectReason::HeadTooLarge | RejectReason::TooManyFields | RejectReason::TargetTooLong => {
            TerminationCode::HeadTooLarge
        }
        RejectReason::ChunkEnd
        | RejectReason::ChunkExtension
        | RejectReason::ChunkSize
        | RejectReason::TrailersTooLarge => TerminationCode::BodyMalformed,
        _ => TerminationCode::HeadRefused,
    }
}

/// One sentence for the client. It must not tell anything of the network behind the proxy.
fn explanation(end: TerminationCode) -> &'static str {
    match end {
        TerminationCode::BodyTimeout => RejectReason::BodyTimeout.explanation(),
        TerminationCode::BodyTooLarge => RejectReason::BodyTooLarge.explanation(),
        TerminationCode::BodyAborted => "The connection closed before the request body was complete.",
        TerminationCode::UpstreamUnreachable | TerminationCode::HoldFull => {
            "The site is starting. Please try again in a moment."
        }
        TerminationCode::UpstreamWaitTimeout => "The site took too long to respond.",
        TerminationCode::UpstreamHeadTooLarge => "The response headers of the site are too large.",
        TerminationCode::UpstreamHeadMalformed => "The site sent an invalid response.",
        _ => "The site closed the connection before it responded.",
    }
}

struct Page<'a> {
    status: StatusCode,
    code: &'a str,
    explanation: &'a str,
    allow: Option<&'a HeaderValue>,
    /// Where it is known better than [`RETRY_AFTER`].
    retry_after: Option<Duration>,
}

impl Page<'_> {
    fn answer(
        &self,
        gateway: &Gateway,
        request_log: Box<RequestLog>,
        closes: bool,
    ) -> Response<ResponseBody> {
        let forwarded: Option<Forwarded> = request_log.forwarded().cloned();
        let mut accept = HeaderMap::new();
        if let Some(value) = request_log.accept() {
            accept.insert(ACCEPT, value.clone());
        }
        let busy =
            self.status == StatusCode::SERVICE_UNAVAILABLE || self.status == StatusCode::TOO_MANY_REQUESTS;
        let failure = ErrorResponse {
            status: self.status,
            code: self.code,
            explanation: self.explanation,
            request_id: forwarded.as_ref().map(|forwarded| &forwarded.trace.request_id),
            retry_after: busy.then_some(self.retry_after.unwrap_or(RETRY_AFTER)),
            allow: self.allow,
        };
        let mut response = if request_log.is_call() {
            grpc::trailers_only(grpc::Status::of(self.status), &failure.line())
        } else {
            failure.respond(
                &gateway.worker.shared.config.error_page,
                request_log.method(),
                &accept,
            )
        };
        let status = response.status();
        if let Some(forwarded) = &forwarded {
            gateway
                .worker
                .shared
                .config
                .forwarding
                .response(response.headers_mut(), status, forwarded);
        }
        gateway.announce_close(response.headers_mut(), closes);
        response.map(|bytes| ResponseBody::own(bytes, &gateway.client, Some(request_log)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_pages_explain_the_failure() {
        for (end, said) in [
            (
                TerminationCode::BodyAborted,
                "The connection closed before the request body was complete.",
            ),
            (
                TerminationCode::HoldFull,
                "The site is starting. Please try again in a moment.",
            ),
            (
                TerminationCode::UpstreamWaitTimeout,
                "The site took too long to respond.",
            ),
            (
                TerminationCode::UpstreamHeadTooLarge,
                "The response headers of the site are too large.",
            ),
            (
                TerminationCode::UpstreamHeadMalformed,
                "The site sent an invalid response.",
            ),
            (
                TerminationCode::UpstreamWaitClosed,
                "The site closed the connection before it responded.",
            ),
        ] {
            assert_eq!(explanation(end), said, "{end:?}");
        }
        assert_eq!(
            explanation(TerminationCode::BodyTimeout),
            RejectReason::BodyTimeout.explanation()
        );
        assert_eq!(
            explanation(TerminationCode::BodyTooLarge),
            RejectReason::BodyTooLarge.explanation()
        );
    }
}
