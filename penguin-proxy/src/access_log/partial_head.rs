//! Lenient parser of a rejected or incomplete request head, for the access log only.
//!
//! Its results are bounded in size, and bytes that are not plain text are escaped.

use std::fmt::Write as _;

/// Bytes of a method, of a target, of any other value, of what is no request at all.
const METHOD: usize = 32;
const TARGET: usize = 1024;
const VALUE: usize = 256;
const NONSENSE: usize = 32;

/// The readable parts of a head; empty where there is nothing to read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PartialHead {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) host: String,
    pub(super) user_agent: String,
    pub(super) amzn_trace_id: String,
    /// How it begins, where that looks like no request line.
    pub(super) nonsense: String,
}

impl PartialHead {
    /// Looks at the raw bytes, from the first one of the request on.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut lines = bytes
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .skip_while(|line| line.is_empty());
        let Some(first) = lines.next() else {
            return Self::default();
        };
        let mut words = first.split(|byte| *byte == b' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next());
        let is_method = (1..=METHOD).contains(&method.len()) && method.iter().all(u8::is_ascii_alphabetic);
        let Some(target) = target.filter(|_| is_method) else {
            return Self {
                nonsense: shown(first, NONSENSE),
                ..Self::default()
            };
        };
        let mut partial_head = Self {
            method: shown(method, METHOD),
            target: shown(target, TARGET),
            ..Self::default()
        };
        for line in lines.take_while(|line| !line.is_empty()) {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                continue;
            };
            let slot = match line[..colon].trim_ascii().to_ascii_lowercase().as_slice() {
                b"host" => &mut partial_head.host,
                b"user-agent" => &mut partial_head.user_agent,
                b"x-amzn-trace-id" => &mut partial_head.amzn_trace_id,
                _ => continue,
            };
            *slot = shown(line[colon + 1..].trim_ascii(), VALUE);
        }
        partial_head
    }
}

/// Bytes as plain text of at most so many of them; `…` stands for the rest.
fn shown(bytes: &[u8], most: usize) -> String {
    let mut text = String::with_capacity(bytes.len().min(most));
    for byte in &bytes[..bytes.len().min(most)] {
        match byte {
            b'\\' => text.push_str(r"\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            // Writing to memory cannot fail.
            _ => _ = write!(text, r"\x{byte:02x}"),
        }
    }
    if bytes.len() > most {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_head_is_read_as_far_as_possible() {
        let seen = PartialHead::of(
            b"\r\nGET /a%zz\x01?q HTTP/1.1\r\nHost : shop\r\nno colon\r\nuser-agent: x\xffy\nX-Amzn-Trace-Id: Root=1\r\n\
              \r\nUser-Agent: of the body",
        );
        assert_eq!(
            seen,
            PartialHead {
                method: "GET".into(),
                target: r"/a%zz\x01?q".into(),
                host: "shop".into(),
                user_agent: r"x\xffy".into(),
                amzn_trace_id: "Root=1".into(),
                nonsense: String::new(),
            }
        );
    }

    #[test]
    fn half_a_request_line_is_read() {
        let seen = PartialHead::of(b"POST /up");
        assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/up"));
        assert_eq!(PartialHead::of(b""), PartialHead::default());
        assert_eq!(PartialHead::of(b"\r\n\r\n"), PartialHead::default());
    }

    #[test]
    fn non_http_shows_its_first_bytes() {
        for (bytes, begins) in [
            (
                b"\x16\x03\x01\x02\x00\x01".as_slice(),
                r"\x16\x03\x01\x02\x00\x01",
            ),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2"),
            (b"\\ a", r"\\ a"),
        ] {
            let seen = PartialHead::of(bytes);
            assert_eq!((seen.method.as_str(), seen.nonsense.as_str()), ("", begins));
        }
    }

    #[test]
    fn partial_head_is_bounded() {
        let long = "\u{1}".repeat(40_000);
        let seen = PartialHead::of(format!("GET /{long} HTTP/1.1\r\nHost: {long}\r\n").as_bytes());
        assert!(seen.target.len() <= 4 * TARGET + 3 && seen.target.ends_with('…'));
        assert!(seen.host.len() <= 4 * VALUE + 3);
        assert!(PartialHead::of(long.as_bytes()).nonsense.len() <= 4 * NONSENSE + 3);
    }
}
