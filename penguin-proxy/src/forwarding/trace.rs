//! Request ids: `X-Request-Id`, created if absent, and W3C `traceparent`, forwarded and created only if configured.

use std::cell::RefCell;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::REQUEST_ID;
use super::header_flags::HeaderFlags;

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Longest request id that is believed, in bytes.
const LONGEST_ID: usize = 128;

/// Whether traces begin here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracing {
    /// What came is forwarded.
    Propagate,
    /// A request without a valid `traceparent` is given one that is not sampled: whether to record is for those
    /// who record.
    Start,
}

impl Tracing {
    /// Reads `propagate` or `start`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Propagate, Self::Start]
            .into_iter()
            .find(|mode| mode.as_str() == text)
    }

    /// The word in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Propagate => "propagate",
            Self::Start => "start",
        }
    }
}

/// The names of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// `X-Request-Id`, as sent to the app and returned to the client.
    pub request_id: HeaderValue,
    /// `traceparent`, likewise, where there is a valid one.
    pub traceparent: Option<HeaderValue>,
}

/// Settles both names in a request. A request without an id of its own is given its trace id, so that one word
/// joins every log.
pub(super) fn normalize(headers: &mut HeaderMap, names: HeaderFlags, tracing: Tracing) -> Trace {
    let told = names.traceparent.then(|| single(headers, &TRACEPARENT)).flatten();
    let told = told.filter(|value| is_traceparent(value.as_bytes())).cloned();
    let traceparent = told.or_else(|| {
        (tracing == Tracing::Start).then(|| {
            if names.tracestate {
                // A state without its parent belongs to a trace that cannot be told any more.
                headers.remove(TRACESTATE);
            }
            let made = make_traceparent();
            headers.insert(TRACEPARENT, made.clone());
            made
        })
    });
    let told = names.request_id.then(|| single(headers, &REQUEST_ID)).flatten();
    let told = told.filter(|value| is_request_id(value.as_bytes())).cloned();
    let request_id = told.unwrap_or_else(|| {
        let made = traceparent
            .as_ref()
            .and_then(|parent| HeaderValue::from_bytes(&parent.as_bytes()[3..35]).ok())
            .unwrap_or_else(make_request_id);
        headers.insert(REQUEST_ID, made.clone());
        made
    });
    Trace {
        request_id,
        traceparent,
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Letters, digits and the punctuation of known id formats: nothing that could break a log line.
fn is_request_id(value: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@~".contains(byte);
    !value.is_empty() && value.len() <= LONGEST_ID && value.iter().all(plain)
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, lower case, ids not all zero. Later versions may go on after a dash.
fn is_traceparent(value: &[u8]) -> bool {
    let hex = |range: &[u8]| range.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let some = |range: &[u8]| range.iter().any(|&byte| byte != b'0');
    let Some((fixed, rest)) = value.split_at_checked(55) else {
        return false;
    };
    let dashes = fixed[2] == b'-' && fixed[35] == b'-' && fixed[52] == b'-';
    let digits = hex(&fixed[..2]) && hex(&fixed[3..35]) && hex(&fixed[36..52]) && hex(&fixed[53..]);
    let version = &fixed[..2];
    let end = if version == b"00" {
        rest.is_empty()
    } else {
        rest.is_empty() || rest[0] == b'-'
    };
    dashes && digits && version != b"ff" && some(&fixed[3..35]) && some(&fixed[36..52]) && end
}

thread_local! {
    /// Ids must be unlikely to collide, not hard to guess; a generator per thread needs no lock.
    static RANDOM: RefCell<fastrand::Rng> = RefCell::new(fastrand::Rng::new());
}

/// A new trace. It is not flagged as sampled: tracers that do what their parent says would record everything.
fn make_traceparent() -> HeaderValue {
    let (trace, span) = RANDOM.with_borrow_mut(|random| (random.u128(1..), random.u64(1..)));
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
    write_hex(&mut text[3..35], &trace.to_be_bytes());
    write_hex(&mut text[36..52], &span.to_be_bytes());
    HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn make_request_id() -> HeaderValue {
    let mut text = [0; 32];
    write_hex(
        &mut text,
        &RANDOM.with_borrow_mut(|random| random.u128(1..)).to_be_bytes(),
    );
    HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

/// Two digits for each byte.
fn write_hex(digits: &mut [u8], bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(bytes) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forwarding::tests::headers;

    fn normalized_by(tracing: Tracing, headers: &mut HeaderMap) -> Trace {
        let names = HeaderFlags::of(headers);
        normalize(headers, names, tracing)
    }

    fn normalized(headers: &mut HeaderMap) -> Trace {
        normalized_by(Tracing::Start, headers)
    }

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn valid_traceparent_is_forwarded_in_both_modes() {
        for tracing in [Tracing::Propagate, Tracing::Start] {
            let mut map = headers(&[
                ("traceparent", PARENT),
                ("tracestate", "a=b"),
                ("x-request-id", "Root=1-67:a/b+c="),
            ]);
            let trace = normalized_by(tracing, &mut map);
            assert_eq!(trace.traceparent.unwrap(), PARENT);
            assert_eq!(trace.request_id, "Root=1-67:a/b+c=");
            assert_eq!(
                (&map["traceparent"], &map["tracestate"]),
                (&PARENT.parse().unwrap(), &"a=b".parse().unwrap())
            );
        }
    }

    #[test]
    fn traceparent_is_not_created_by_default() {
        let mut map = headers(&[("tracestate", "a=b")]);
        let trace = normalized_by(Tracing::Propagate, &mut map);
        assert_eq!(trace.traceparent, None);
        assert!(!map.contains_key(TRACEPARENT));
        assert_eq!(map["tracestate"], "a=b");
        assert_eq!(map[REQUEST_ID], trace.request_id);
        let id = trace.request_id.to_str().unwrap();
        assert!(
            id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{id}"
        );
        assert_ne!(
            normalized_by(Tracing::Propagate, &mut headers(&[])).request_id,
            id
        );
        let mut map = headers(&[("traceparent", "nonsense")]);
        assert_eq!(normalized_by(Tracing::Propagate, &mut map).traceparent, None);
        assert_eq!(map[TRACEPARENT], "nonsense", "it is for others to judge");
    }

    #[test]
    fn created_traceparent_is_not_sampled() {
        let mut map = headers(&[]);
        let trace = normalized(&mut map);
        let parent = trace.traceparent.clone().unwrap();
        assert!(is_traceparent(parent.as_bytes()) && parent.as_bytes().ends_with(b"-00"));
        assert_eq!(trace.request_id.as_bytes(), &parent.as_bytes()[3..35]);
        assert_eq!(
            (&map[TRACEPARENT], &map[REQUEST_ID]),
            (&parent, &trace.request_id)
        );
        assert_ne!(normalized(&mut headers(&[])), trace);
        let mut map = headers(&[("traceparent", PARENT)]);
        assert_eq!(
            normalized(&mut map).request_id,
            "0af7651916cd43dd8448eb211c80319c"
        );
    }

    #[test]
    fn invalid_ids_are_replaced() {
        let long = "x".repeat(129);
        for id in ["", "a b", "a\"b", "{}", "<", long.as_str()] {
            assert_ne!(normalized(&mut headers(&[("x-request-id", id)])).request_id, id);
        }
        let two = normalized(&mut headers(&[("x-request-id", "a"), ("x-request-id", "a")]));
        assert_ne!(two.request_id, "a");
        for parent in [
            "",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
            "00-00000000000000000000000000000000-b7ad6b7169203331-00",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-x",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        ] {
            let mut map = headers(&[("traceparent", parent), ("tracestate", "a=b")]);
            assert_ne!(normalized(&mut map).traceparent.unwrap(), parent);
            assert!(!map.contains_key("tracestate"));
        }
        let later = format!("01{}-new", &PARENT[2..]);
        assert_eq!(
            normalized(&mut headers(&[("traceparent", &later)]))
                .traceparent
                .unwrap(),
            later.as_str()
        );
    }
}
