//! Log entry of one request: collects its data, then writes the line and updates the counters.
//!
//! The line is written when the entry is dropped. A request whose future is dropped, because the client left or the
//! code panicked, is logged too.

use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use http::header::{ACCEPT, HOST, HeaderName, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Uri, Version};

use super::partial_head::PartialHead;
use super::{Line, ThreadLog};
use crate::client_state::{ClientState, CloseReason};
use crate::forwarding::Forwarded;
use crate::grpc;
use crate::reject_reason::RejectReason;
use crate::termination_code::TerminationCode;

const AMZN_TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Attempts to send a request to the app.
#[derive(Debug, Default)]
pub(crate) struct AttemptInfo {
    pub(crate) connect: Option<Duration>,
    pub(crate) upstream: Option<SocketAddr>,
    pub(crate) reused: bool,
    pub(crate) retries: u32,
}

/// One request's entry in the making. It travels with the request, so it is boxed: a move costs nothing then.
#[derive(Debug)]
pub(crate) struct RequestLog {
    log: Rc<ThreadLog>,
    client: Rc<ClientState>,
    began: Instant,
    head: Option<Head>,
    /// Instead of a head.
    partial_head: Option<Box<PartialHead>>,
    forwarded: Option<Forwarded>,
    pub(crate) attempt: AttemptInfo,
    first_byte: Option<Duration>,
    status: Option<StatusCode>,
    end: Option<TerminationCode>,
    rule: Option<RejectReason>,
    error: String,
    bytes_in: u64,
    bytes_out: u64,
}

/// Cheap copies of what the line shows: they share the head's memory.
#[derive(Debug)]
struct Head {
    method: Method,
    target: Uri,
    version: Version,
    host: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    accept: Option<HeaderValue>,
    /// It is a gRPC call.
    call: bool,
    amzn_trace_id: Option<HeaderValue>,
}

impl RequestLog {
    /// For a request whose head has been read.
    pub(crate) fn new(log: &Rc<ThreadLog>, client: &Rc<ClientState>, head: &Parts) -> Box<Self> {
        let field = |name: HeaderName| head.headers.get(name).cloned();
        let authority = || HeaderValue::from_str(head.uri.authority()?.as_str()).ok();
        let mut request_log = Self::rejected_before_parse(log, client);
        request_log.head = Some(Head {
            method: head.method.clone(),
            target: head.uri.clone(),
            version: head.version,
            host: field(HOST).or_else(authority),
            user_agent: field(USER_AGENT),
            accept: field(ACCEPT),
            call: grpc::is_call(&head.headers),
            amzn_trace_id: field(AMZN_TRACE_ID),
        });
        request_log
    }

    /// For a request that never got so far.
    pub(crate) fn rejected_before_parse(log: &Rc<ThreadLog>, client: &Rc<ClientState>) -> Box<Self> {
        log.counters.began.add(1);
        Box::new(Self {
            log: Rc::clone(log),
            client: Rc::clone(client),
            began: Instant::now(),
            head: None,
            partial_head: None,
            forwarded: None,
            attempt: AttemptInfo::default(),
            first_byte: None,
            status: None,
            end: None,
            rule: None,
            error: String::new(),
            bytes_in: 0,
            bytes_out: 0,
        })
    }

    /// The request keeps the rules: the line shows the target and the host that the app gets.
    pub(crate) fn admitted(&mut self, rewritten: &Parts) {
        if let Some(head) = &mut self.head {
            head.target = rewritten.uri.clone();
            head.host = rewritten.headers.get(HOST).cloned();
        }
    }

    pub(crate) fn identified(&mut self, forwarded: Forwarded) {
        self.forwarded = Some(forwarded);
    }

    /// All that was seen of a request whose head is not to be had; it began with its first byte.
    pub(crate) fn partial(&mut self, seen: &[u8]) {
        let partial_head = PartialHead::of(seen);
        if !partial_head.nonsense.is_empty() {
            self.error = format!("request begins with `{}`", partial_head.nonsense);
        }
        self.partial_head = Some(Box::new(partial_head));
        if !seen.is_empty() && !self.client.speaks_http2() {
            self.began = self.client.since();
        }
    }

    pub(crate) fn forwarded(&self) -> Option<&Forwarded> {
        self.forwarded.as_ref()
    }

    pub(crate) fn accept(&self) -> Option<&HeaderValue> {
        self.head.as_ref()?.accept.as_ref()
    }

    /// Whether the client can read nothing but the status of a gRPC call.
    pub(crate) fn is_call(&self) -> bool {
        self.client.is_stream() && self.head.as_ref().is_some_and(|head| head.call)
    }

    pub(crate) fn method(&self) -> &Method {
        self.head.as_ref().map_or(&Method::GET, |head| &head.method)
    }

    /// The head of the app's response has come.
    pub(crate) fn first_byte(&mut self) {
        self.first_byte = Some(self.began.elapsed());
    }

    /// The response's status has been decided.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// Bytes of the response body are on their way.
    pub(crate) fn sent(&mut self, bytes: u64) {
        self.bytes_out += bytes;
    }

    /// The response is complete.
    pub(crate) fn completed(&mut self) {
        self.end.get_or_insert(TerminationCode::Complete);
    }

    /// The app's response is incomplete. `announced`: the client has been told its length.
    pub(crate) fn incomplete(&mut self, code: TerminationCode, error: String, announced: bool) {
        self.end = Some(code);
        let http10 = |head: &Head| head.version == Version::HTTP_10;
        if !announced && self.head.as_ref().is_some_and(http10) {
            // Its response may end with the connection: only a reset says that it has not ended yet.
            self.client.must_reset();
        }
        self.error = error;
    }

    /// A rule was broken.
    pub(crate) fn rejected(&mut self, end: TerminationCode, rule: RejectReason) {
        self.failed(end, String::new());
        self.status = Some(rule.status());
        self.rule = Some(rule);
    }

    /// The app sent no response.
    pub(crate) fn failed(&mut self, end: TerminationCode, reason: String) {
        self.end = Some(end);
        self.status = Some(end.status_code());
        self.error = reason;
    }

    /// So many bytes went through a tunnel, however it ended.
    pub(crate) fn tunnel_carried(&mut self, up: u64, down: u64) {
        (self.bytes_in, self.bytes_out) = (up, down);
    }

    /// A tunnel came to its end.
    pub(crate) fn tunnelled(&mut self) {
        self.end = Some(TerminationCode::Tunnelled);
    }

    /// A tunnel was torn down by either side.
    pub(crate) fn tunnel_broke(&mut self, error: &dyn fmt::Display) {
        self.end = Some(TerminationCode::Tunnelled);
        self.error = error.to_string();
    }

    /// How a request ended about which nothing was decided: somebody dropped it.
    fn dropped(&self) -> TerminationCode {
        if std::thread::panicking() {
            return TerminationCode::Internal;
        }
        match (self.client.own_or_parent_close_reason(), self.status) {
            (Some(CloseReason::Drain), _) => TerminationCode::DrainCut,
            (Some(CloseReason::SendTimeout), _) => TerminationCode::AnswerStalled,
            (_, None) => TerminationCode::WaitAborted,
            (_, Some(_)) => TerminationCode::AnswerAborted,
        }
    }

    fn write(&self, end: TerminationCode) {
        let (head, forwarded) = (self.head.as_ref(), self.forwarded.as_ref());
        let status = self
            .status
            .map_or_else(|| end.status().unwrap_or_default(), |status| status.as_u16());
        let took = self.began.elapsed();
        let bytes_in = self.bytes_in.max(if head.is_some() {
            self.client.upload().bytes()
        } else {
            0
        });
        let counters = &self.log.counters;
        let answered_in = latency(status, self.first_byte, took);
        counters.finished(status, end, self.rule, answered_in);
        counters.bytes_in.add(bytes_in);
        counters.bytes_out.add(self.bytes_out);
        let partial_head = self.partial_head.as_deref();
        let partial = |part: fn(&PartialHead) -> &str| partial_head.map_or("", part);
        let target = head
            .and_then(|head| head.target.path_and_query())
            .map_or_else(|| or_dash(partial(|seen| &seen.target)), |target| target.as_str());
        let target = &*self.log.query.apply(target);
        self.log.lines.borrow_mut().push(&Line {
            time: SystemTime::now(),
            client: forwarded.map_or(self.client.peer().ip(), |forwarded| forwarded.client.address),
            peer: self.client.peer(),
            method: head.map_or_else(
                || or_dash(partial(|seen| &seen.method)),
                |head| head.method.as_str(),
            ),
            target,
            host: head.map_or(partial(|seen| &seen.host), |head| text(head.host.as_ref())),
            protocol: match head {
                Some(head) => protocol(head.version),
                None if self.client.speaks_http2() => protocol(Version::HTTP_2),
                None => "-",
            },
            status,
            end: end.code(),
            rule: self.rule.map_or("", RejectReason::code),
            bytes_in,
            bytes_out: self.bytes_out,
            total: took,
            connect: self.attempt.connect,
            first_byte: self.first_byte,
            upstream: self.attempt.upstream,
            reused: self.attempt.reused,
            retries: self.attempt.retries,
            request_id: text(forwarded.map(|forwarded| &forwarded.trace.request_id)),
            traceparent: text(forwarded.and_then(|forwarded| forwarded.trace.traceparent.as_ref())),
            amzn_trace_id: head.map_or(partial(|seen| &seen.amzn_trace_id), |head| {
                text(head.amzn_trace_id.as_ref())
            }),
            user_agent: head.map_or(partial(|seen| &seen.user_agent), |head| {
                text(head.user_agent.as_ref())
            }),
            dropped: forwarded
                .and_then(|forwarded| forwarded.dropped.as_deref())
                .unwrap_or_default(),
            error: &self.error,
        });
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        let end = self.end.unwrap_or_else(|| self.dropped());
        // The last bytes of a stream's answer wait here until the client makes room for them.
        let end = match (end, self.client.own_or_parent_close_reason()) {
            (TerminationCode::Complete, Some(CloseReason::Drain | CloseReason::SendTimeout))
                if self.client.is_stream() =>
            {
                self.dropped()
            }
            _ => end,
        };
        if matches!(end, TerminationCode::WaitAborted | TerminationCode::AnswerAborted) {
            self.client.abandon();
        }
        self.write(end);
    }
}

/// Returns how long the app took to answer. The life of a tunnel says nothing about that.
fn latency(status: u16, first_byte: Option<Duration>, took: Duration) -> Duration {
    match first_byte {
        Some(first_byte) if status == StatusCode::SWITCHING_PROTOCOLS.as_u16() => first_byte,
        _ => took,
    }
}

fn text(value: Option<&HeaderValue>) -> &str {
    value
        .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
        .unwrap_or("")
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn life_of_a_tunnel_is_no_latency() {
        let (first_byte, took) = (Duration::from_millis(3), Duration::from_hours(1));
        assert_eq!(latency(101, Some(first_byte), took), first_byte);
        assert_eq!(latency(200, Some(first_byte), took), took);
        assert_eq!(latency(503, None, took), took);
    }
}
