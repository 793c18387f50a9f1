//! What is learnt about a request on its way, and the line and the numbers that it leaves behind.
//!
//! A record writes its line when it is dropped. So no request goes unlogged: one whose future is dropped because the
//! client left, or because something panicked, says so.

use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use http::header::{ACCEPT, HOST, HeaderName, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Uri, Version};

use super::glimpse::Glimpse;
use crate::access_log::{End, Line};
use crate::connection::{Connection, Cut};
use crate::forwarding::Forwarded;
use crate::request_rules::Refusal;
use crate::server::Worker;
use crate::upstream::{BrokeOff, Journey};

const AMZN_TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// One request's entry in the making. It travels with the request, so it is boxed: a move costs nothing then.
#[derive(Debug)]
pub(crate) struct Record {
    worker: Rc<Worker>,
    client: Rc<Connection>,
    began: Instant,
    head: Option<Head>,
    /// Instead of a head.
    glimpse: Option<Box<Glimpse>>,
    forwarded: Option<Forwarded>,
    pub(crate) journey: Journey,
    first_byte: Option<Duration>,
    status: Option<StatusCode>,
    end: Option<End>,
    rule: Option<Refusal>,
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
    amzn_trace_id: Option<HeaderValue>,
}

impl Record {
    /// For a request whose head has been read.
    pub(crate) fn new(worker: &Rc<Worker>, client: &Rc<Connection>, head: &Parts) -> Box<Self> {
        let field = |name: HeaderName| head.headers.get(name).cloned();
        let authority = || HeaderValue::from_str(head.uri.authority()?.as_str()).ok();
        let mut record = Self::unheard(worker, client);
        record.head = Some(Head {
            method: head.method.clone(),
            target: head.uri.clone(),
            version: head.version,
            host: field(HOST).or_else(authority),
            user_agent: field(USER_AGENT),
            accept: field(ACCEPT),
            amzn_trace_id: field(AMZN_TRACE_ID),
        });
        record
    }

    /// For a request that never got so far.
    pub(crate) fn unheard(worker: &Rc<Worker>, client: &Rc<Connection>) -> Box<Self> {
        worker.counters().began.add(1);
        Box::new(Self {
            worker: Rc::clone(worker),
            client: Rc::clone(client),
            began: Instant::now(),
            head: None,
            glimpse: None,
            forwarded: None,
            journey: Journey::default(),
            first_byte: None,
            status: None,
            end: None,
            rule: None,
            error: String::new(),
            bytes_in: 0,
            bytes_out: 0,
        })
    }

    pub(super) fn identified(&mut self, forwarded: Forwarded) {
        self.forwarded = Some(forwarded);
    }

    /// All that was seen of a request whose head is not to be had; it began with its first byte.
    pub(super) fn glimpsed(&mut self, seen: &[u8]) {
        let glimpse = Glimpse::of(seen);
        if !glimpse.nonsense.is_empty() {
            self.error = format!("it begins with `{}`", glimpse.nonsense);
        }
        self.glimpse = Some(Box::new(glimpse));
        if !seen.is_empty() {
            self.began = self.client.since();
        }
    }

    pub(super) fn forwarded(&self) -> Option<&Forwarded> {
        self.forwarded.as_ref()
    }

    pub(super) fn accept(&self) -> Option<&HeaderValue> {
        self.head.as_ref()?.accept.as_ref()
    }

    pub(super) fn method(&self) -> &Method {
        self.head.as_ref().map_or(&Method::GET, |head| &head.method)
    }

    /// The head of the answer, or the lack of one, is known.
    pub(super) fn first_byte(&mut self) {
        self.first_byte = Some(self.began.elapsed());
    }

    /// The answer's status has been decided.
    pub(super) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// Bytes of the answer's body are on their way.
    pub(crate) fn sent(&mut self, bytes: u64) {
        self.bytes_out += bytes;
    }

    /// The answer is complete.
    pub(crate) fn completed(&mut self) {
        self.end.get_or_insert(End::Complete);
    }

    /// The app's answer broke off.
    pub(crate) fn broke_off(&mut self, error: &BrokeOff) {
        self.end = Some(End::UpstreamCut);
        if self
            .head
            .as_ref()
            .is_some_and(|head| head.version == Version::HTTP_10)
        {
            // Its answer may end with the connection: only a reset says that it has not ended yet.
            self.client.must_reset();
        }
        self.error = error.to_string();
    }

    /// A rule was broken.
    pub(super) fn refused(&mut self, end: End, rule: Refusal) {
        self.failed(end, String::new());
        self.status = Some(rule.status());
        self.rule = Some(rule);
    }

    /// There is no answer of the app's.
    pub(super) fn failed(&mut self, end: End, reason: String) {
        if matches!(
            end,
            End::HoldFull | End::Overloaded | End::TooManyConnections | End::RateLimited
        ) {
            self.worker.counters().sheds.add(1);
        }
        self.end = Some(end);
        self.status = Some(end.status_code());
        self.error = reason;
    }

    /// A tunnel came to its end.
    pub(crate) fn tunnelled(&mut self, up: u64, down: u64) {
        (self.bytes_in, self.bytes_out) = (up, down);
        self.end = Some(End::Tunnelled);
    }

    /// A tunnel was torn down by either side.
    pub(crate) fn tunnel_broke(&mut self, error: &io::Error) {
        self.end = Some(End::Tunnelled);
        self.error = error.to_string();
    }

    /// How a request ended about which nothing was decided: somebody dropped it.
    fn dropped(&self) -> End {
        if std::thread::panicking() {
            return End::Panicked;
        }
        match (self.client.why_cut(), self.status) {
            (Some(Cut::Drain), _) => End::DrainCut,
            (Some(Cut::SendTimeout), _) => End::AnswerStalled,
            (_, None) => End::WaitAborted,
            (_, Some(_)) => End::AnswerAborted,
        }
    }

    fn write(&self, end: End) {
        let (head, forwarded) = (self.head.as_ref(), self.forwarded.as_ref());
        let status = self
            .status
            .map_or_else(|| end.status().unwrap_or_default(), |status| status.as_u16());
        let took = self.began.elapsed();
        let bytes_in = self.bytes_in.max(if head.is_some() {
            self.client.upload_bytes()
        } else {
            0
        });
        let counters = self.worker.counters();
        counters.finished(status, took);
        counters.bytes_in.add(bytes_in);
        counters.bytes_out.add(self.bytes_out);
        let glimpse = self.glimpse.as_deref();
        let glimpsed = |part: fn(&Glimpse) -> &str| glimpse.map_or("", part);
        let target = head.and_then(|head| head.target.path_and_query()).map_or_else(
            || or_dash(glimpsed(|seen| &seen.target)),
            |target| target.as_str(),
        );
        self.worker.lines.borrow_mut().push(&Line {
            time: SystemTime::now(),
            client: forwarded.map_or(self.client.peer().ip(), |forwarded| forwarded.client.address),
            peer: self.client.peer(),
            method: head.map_or_else(
                || or_dash(glimpsed(|seen| &seen.method)),
                |head| head.method.as_str(),
            ),
            target,
            host: head.map_or(glimpsed(|seen| &seen.host), |head| text(head.host.as_ref())),
            protocol: head.map_or("-", |head| protocol(head.version)),
            status,
            end: end.code(),
            rule: self.rule.map_or("", Refusal::code),
            bytes_in,
            bytes_out: self.bytes_out,
            total: took,
            connect: self.journey.connect,
            first_byte: self.first_byte,
            upstream: self.journey.upstream,
            reused: self.journey.reused,
            retries: self.journey.retries,
            request_id: text(forwarded.map(|forwarded| &forwarded.trace.request_id)),
            traceparent: text(forwarded.map(|forwarded| &forwarded.trace.traceparent)),
            amzn_trace_id: head.map_or(glimpsed(|seen| &seen.amzn_trace_id), |head| {
                text(head.amzn_trace_id.as_ref())
            }),
            user_agent: head.map_or(glimpsed(|seen| &seen.user_agent), |head| {
                text(head.user_agent.as_ref())
            }),
            error: &self.error,
        });
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let end = self.end.unwrap_or_else(|| self.dropped());
        // The last bytes of a stream's answer wait here until the client makes room for them.
        let end = match (end, self.client.why_cut()) {
            (End::Complete, Some(Cut::Drain | Cut::SendTimeout)) if self.client.is_stream() => self.dropped(),
            _ => end,
        };
        if matches!(end, End::WaitAborted | End::AnswerAborted) {
            self.client.abandon();
        }
        self.write(end);
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
