//! Response head parser.

use std::mem::MaybeUninit;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use hyper::ext::ReasonPhrase;

use super::chunked::Chunked;
use super::incoming::Incoming;
use super::{FIELDS, Fault};
use crate::content_length;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// A response without its body.
#[derive(Debug)]
pub struct Answer {
    /// Its status and fields.
    pub head: Response<()>,
    /// Its body.
    pub incoming: Incoming,
    /// Whether the connection may carry another request when the response has ended.
    pub keep: bool,
    /// How long the app keeps an idle connection, where it says so (`Keep-Alive: timeout=`).
    pub idle_limit: Option<Duration>,
}

/// Whether the line that ends a head is among these bytes. Those before `from` have been looked at.
pub fn ends_a_head(bytes: &[u8], from: usize) -> bool {
    // The empty line may have begun before what is new.
    let from = from.saturating_sub(2);
    memchr::memchr_iter(b'\n', &bytes[from..])
        .any(|line| matches!(&bytes[from + line + 1..], [b'\r', b'\n', ..] | [b'\n', ..]))
}

/// Reads a head: the response to a request with `method`. Gives its length with it, or nothing where more must come.
///
/// The map becomes the response's, emptied: one that has served its purpose need not be made anew.
///
/// # Errors
/// What is no head, or could be read in two ways.
pub fn read_head(
    bytes: &Bytes,
    method: &Method,
    map: &mut HeaderMap,
) -> Result<Option<(usize, Answer)>, Fault> {
    // httparse skips empty lines here, which only a server may do (RFC 9112 §2.2).
    if matches!(bytes.first(), Some(b'\r' | b'\n')) {
        return Err(Fault::Malformed("empty line before the status line"));
    }
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let parsing = config.parse_response_with_uninit_headers(&mut parsed, bytes, &mut fields);
    let httparse::Status::Complete(end) = parsing? else {
        return Ok(None);
    };
    let mut map = std::mem::take(map);
    map.clear();
    let old = parsed.version == Some(0);
    let mut framing = Fields::default();
    for field in &*parsed.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes())
            .map_err(|_| Fault::Malformed("invalid header name"))?;
        let mut value = HeaderValue::from_maybe_shared(bytes.slice_ref(field.value))
            .map_err(|_| Fault::Malformed("forbidden byte in a header value"))?;
        if framing.note(&name, &mut value)? {
            map.append(name, value);
        }
    }
    let status = parsed
        .code
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or(Fault::Malformed("invalid status code"))?;
    let mut head = Response::new(());
    *head.status_mut() = status;
    *head.headers_mut() = map;
    if let Some(reason) = parsed.reason
        && Some(reason) != status.canonical_reason()
        && let Ok(reason) = ReasonPhrase::try_from(reason.as_bytes())
    {
        head.extensions_mut().insert(reason);
    }
    let answer = Answer {
        head,
        keep: framing.keeps(old) && !framing.announces_in_vain(status, method),
        idle_limit: framing.idle_limit,
        incoming: framing.incoming(status, method, old)?,
    };
    Ok(Some((end, answer)))
}

/// What the fields say about where the response ends, and whether its connection does.
#[derive(Default)]
struct Fields {
    length: Option<u64>,
    chunked: bool,
    close: bool,
    keep_alive: bool,
    idle_limit: Option<Duration>,
}

impl Fields {
    /// Looks at a field. Tells whether it is worth keeping: a length that is repeated is not.
    fn note(&mut self, name: &HeaderName, value: &mut HeaderValue) -> Result<bool, Fault> {
        if *name == CONTENT_LENGTH {
            let length =
                content_length::normalize(value).map_err(|_| Fault::Malformed("invalid Content-Length"))?;
            return match self.length.replace(length) {
                None => Ok(true),
                Some(before) if before == length => Ok(false),
                Some(_) => Err(Fault::Malformed("conflicting Content-Length values")),
            };
        }
        if *name == TRANSFER_ENCODING {
            if self.chunked || !value.as_bytes().eq_ignore_ascii_case(b"chunked") {
                return Err(Fault::Malformed("Transfer-Encoding other than `chunked`"));
            }
            self.chunked = true;
        } else if *name == CONNECTION {
            for option in value.as_bytes().split(|byte| *byte == b',') {
                let option = option.trim_ascii();
                self.close |= option.eq_ignore_ascii_case(b"close");
                self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            }
        } else if *name == KEEP_ALIVE {
            self.idle_limit = timeout(value.as_bytes());
        }
        Ok(true)
    }

    fn keeps(&self, old: bool) -> bool {
        if old { self.keep_alive } else { !self.close }
    }

    /// Whether a body is announced where none may be. An app that sends it all the same, however late, must not answer
    /// another request with it (RFC 9112 §6.3).
    fn announces_in_vain(&self, status: StatusCode, method: &Method) -> bool {
        is_bodiless(status, method) && (self.chunked || self.length.is_some_and(|length| length > 0))
    }

    fn incoming(&self, status: StatusCode, method: &Method, old: bool) -> Result<Incoming, Fault> {
        match (self.chunked, self.length) {
            (true, Some(_)) => Err(Fault::Malformed("both Content-Length and Transfer-Encoding")),
            (true, None) if old => Err(Fault::Malformed("Transfer-Encoding in an HTTP/1.0 response")),
            _ if is_bodiless(status, method) => Ok(Incoming::Ended),
            (true, None) => Ok(Incoming::Chunked(Chunked::default())),
            (false, Some(0)) => Ok(Incoming::Ended),
            (false, Some(length)) => Ok(Incoming::Length(length)),
            (false, None) => Ok(Incoming::UntilClose),
        }
    }
}

/// Whether the response has no body, whatever its fields say (RFC 9112 §6.3).
fn is_bodiless(status: StatusCode, method: &Method) -> bool {
    status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || *method == Method::HEAD
}

/// The `timeout` of a `Keep-Alive` field, in seconds.
fn timeout(value: &[u8]) -> Option<Duration> {
    value.split(|byte| *byte == b',').find_map(|parameter| {
        let (name, seconds) = parameter.trim_ascii().split_at_checked(8)?;
        let seconds: u32 = std::str::from_utf8(seconds.trim_ascii()).ok()?.parse().ok()?;
        name.eq_ignore_ascii_case(b"timeout=")
            .then(|| Duration::from_secs(seconds.into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(head: &str, method: &Method) -> Result<Answer, Fault> {
        let bytes = Bytes::copy_from_slice(head.as_bytes());
        let (end, answer) = read_head(&bytes, method, &mut HeaderMap::new())?.expect("it is whole");
        assert_eq!(end, head.len());
        Ok(answer)
    }

    fn get(head: &str) -> Result<Answer, Fault> {
        answer(head, &Method::GET)
    }

    #[test]
    fn head_end_is_found_in_any_pieces() {
        for head in ["HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "HTTP/1.0 200 OK\nA: b\n\n"] {
            for torn in 0..head.len() {
                assert!(!ends_a_head(&head.as_bytes()[..torn], 0), "{torn}");
                assert!(ends_a_head(head.as_bytes(), torn), "{torn}");
            }
        }
    }

    #[test]
    fn bytes_after_the_head_are_left() {
        let bytes = Bytes::from_static(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n\r\n");
        let mut map = HeaderMap::new();
        for torn in 0..38 {
            assert!(
                read_head(&bytes.slice(..torn), &Method::GET, &mut map)
                    .unwrap()
                    .is_none()
            );
        }
        let (end, _) = read_head(&bytes, &Method::GET, &mut map).unwrap().unwrap();
        assert_eq!(bytes[end..], b"ok\r\n\r\n"[..]);
    }

    #[test]
    fn headers_and_reason_phrases_are_kept() {
        let read =
            get("HTTP/1.1 299 Fine so far\r\nX-Two: 1\r\nx-two:2 \r\nContent-Length: 3\r\n\r\n").unwrap();
        assert_eq!(read.head.status(), 299);
        let two: Vec<_> = read.head.headers().get_all("x-two").iter().collect();
        assert_eq!(two, ["1", "2"]);
        let reason = read.head.extensions().get::<ReasonPhrase>().unwrap();
        assert_eq!(reason.as_bytes(), b"Fine so far");
        assert_eq!(read.incoming.left(), Some(3));
        let read = get("HTTP/1.1 200 OK\r\n\r\n").unwrap();
        assert!(read.head.extensions().is_empty());
    }

    #[test]
    fn reused_header_map_is_cleared() {
        let mut used = HeaderMap::new();
        used.insert("host", HeaderValue::from_static("a"));
        let head = Bytes::from_static(b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n");
        let (_, read) = read_head(&head, &Method::GET, &mut used).unwrap().unwrap();
        assert_eq!(read.head.headers().len(), 1);
    }

    #[test]
    fn response_framing() {
        let end = |head: &str| get(head).unwrap().incoming;
        assert!(matches!(end("HTTP/1.1 200 OK\r\n\r\n"), Incoming::UntilClose));
        assert!(matches!(
            end("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"),
            Incoming::Chunked(_)
        ));
        assert!(end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").has_ended());
        assert!(end("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").has_ended());
        let twice = get("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n").unwrap();
        assert_eq!((twice.incoming.left(), twice.head.headers().len()), (Some(2), 1));
        let head_only = answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", &Method::HEAD).unwrap();
        assert!(head_only.incoming.has_ended());
    }

    #[test]
    fn connection_reuse_by_version_and_connection_header() {
        for (head, keep) in [
            ("HTTP/1.1 204 No\r\n\r\n", true),
            ("HTTP/1.1 204 No\r\nConnection: x, Close\r\n\r\n", false),
            ("HTTP/1.0 204 No\r\n\r\n", false),
            ("HTTP/1.0 204 No\r\nConnection: keep-alive\r\n\r\n", true),
        ] {
            assert_eq!(get(head).unwrap().keep, keep, "{head}");
        }
    }

    #[test]
    fn unexpected_body_prevents_connection_reuse() {
        for (head, method, keep) in [
            ("204 No\r\nTransfer-Encoding: chunked", Method::GET, false),
            ("204 No\r\nContent-Length: 5", Method::GET, false),
            ("204 No\r\nContent-Length: 0", Method::GET, true),
            ("304 No\r\nContent-Length: 5", Method::GET, false),
            ("304 No\r\nEtag: \"a\"", Method::GET, true),
            ("200 OK\r\nContent-Length: 5", Method::HEAD, false),
            ("200 OK\r\nTransfer-Encoding: chunked", Method::HEAD, false),
            ("200 OK\r\nContent-Length: 0", Method::HEAD, true),
            ("200 OK\r\nContent-Length: 5", Method::GET, true),
            ("200 OK\r\nTransfer-Encoding: chunked", Method::GET, true),
        ] {
            let read = answer(&format!("HTTP/1.1 {head}\r\n\r\n"), &method).unwrap();
            assert_eq!(read.keep, keep, "{method} {head}");
        }
    }

    #[test]
    fn keep_alive_timeout_is_read() {
        for (value, seconds) in [
            ("timeout=5", Some(5)),
            ("Timeout=5, max=100", Some(5)),
            ("max=100 , timeout=65 ", Some(65)),
            ("timeout=0", Some(0)),
            ("max=100", None),
            ("timeout", None),
            ("timeout=", None),
            ("timeout=-1", None),
            ("timeout=5s", None),
            ("xtimeout=5", None),
            ("timeout=99999999999999", None),
        ] {
            let read = get(&format!("HTTP/1.1 204 No\r\nKeep-Alive: {value}\r\n\r\n")).unwrap();
            assert_eq!(read.idle_limit, seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn ambiguous_responses_are_rejected() {
        for fields in [
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 1\r\nContent-Length: 2\r\n",
            "Content-Length: 1, 1\r\n",
            "Content-Length: +1\r\n",
            "Content-Length: \r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length : 1\r\n",
            "A: b\r\n c\r\n",
            "A: b\rc\r\n",
        ] {
            let read = get(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"));
            assert!(matches!(read, Err(Fault::Malformed(_))), "{fields}");
        }
        assert!(get("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(FIELDS + 1));
        assert!(matches!(get(&many), Err(Fault::TooLarge)));
    }

    #[test]
    fn non_http_is_rejected_early() {
        let read = |bytes: &str| {
            let bytes = Bytes::copy_from_slice(bytes.as_bytes());
            read_head(&bytes, &Method::GET, &mut HeaderMap::new())
        };
        for bytes in [
            "SSH-2.0-OpenSSH_9.2\r\n",
            "\u{16}\u{3}",
            "HTTP/2 200",
            "HTTP/1.1 2x",
            "\n",
            "\r\nHTTP/1.1 200 OK\r\n\r\n",
            "\nHTTP/1.1 200 OK\r\n\r\n",
        ] {
            assert!(read(bytes).is_err(), "{bytes}");
        }
        for bytes in ["H", "HTTP/1.1 2", "HTTP/1.0 200 OK\r\nContent-Le"] {
            assert!(matches!(read(bytes), Ok(None)), "{bytes}");
        }
    }
}
