//! The request line: three parts, two single spaces, and what the rest of the head must know of them.

use crate::request_rules::{Refusal, target};

use super::line::is_token;

/// Longest method that any registry knows, with room.
pub(super) const METHOD_LIMIT: usize = 32;
/// ` HTTP/1.1` and the two spaces and CRLF around the parts.
pub(super) const AROUND_TARGET: usize = METHOD_LIMIT + 12;

/// What a request line decides about its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RequestLine {
    pub(super) http10: bool,
}

/// Reads a request line.
///
/// # Errors
/// The leftmost part that is wrong; a version that is not spoken here last, as it must be well spelt first.
pub(super) fn read(line: &[u8], target_limit: usize) -> Result<RequestLine, Refusal> {
    let mut parts = line.split(|&byte| byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::RequestLine);
    };
    if target.is_empty() || version.is_empty() {
        return Err(Refusal::RequestLine);
    }
    if method.len() > METHOD_LIMIT || !is_token(method) {
        return Err(Refusal::MethodSyntax);
    }
    let http10 = match version {
        b"HTTP/1.1" => false,
        b"HTTP/1.0" => true,
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            return Err(Refusal::Version);
        }
        _ => return Err(Refusal::VersionSyntax),
    };
    if target.len() > target_limit {
        return Err(Refusal::TargetTooLong);
    }
    target::check(target, method)?;
    Ok(RequestLine { http10 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (line, expected) in [
            ("GET / HTTP/1.1", Ok(false)),
            ("GET / HTTP/1.0", Ok(true)),
            ("M-SEARCH * HTTP/1.1", Err(Refusal::TargetForm)),
            ("", Err(Refusal::RequestLine)),
            ("GET", Err(Refusal::RequestLine)),
            ("GET /", Err(Refusal::RequestLine)),
            ("GET  / HTTP/1.1", Err(Refusal::RequestLine)),
            ("GET /  HTTP/1.1", Err(Refusal::RequestLine)),
            ("GET / HTTP/1.1 ", Err(Refusal::RequestLine)),
            (" GET / HTTP/1.1", Err(Refusal::RequestLine)),
            ("GET /a b HTTP/1.1", Err(Refusal::RequestLine)),
            ("GET\t/\tHTTP/1.1", Err(Refusal::RequestLine)),
            ("G(T / HTTP/1.1", Err(Refusal::MethodSyntax)),
            ("GET / http/1.1", Err(Refusal::VersionSyntax)),
            ("GET / HTTP/1", Err(Refusal::VersionSyntax)),
            ("GET / HTTP/11.1", Err(Refusal::VersionSyntax)),
            ("GET / HTTP/1.1x", Err(Refusal::VersionSyntax)),
            ("GET / HTTP/0.9", Err(Refusal::Version)),
            ("GET / HTTP/1.2", Err(Refusal::Version)),
            ("PRI * HTTP/2.0", Err(Refusal::Version)),
            ("GET /long-target HTTP/1.1", Err(Refusal::TargetTooLong)),
        ] {
            assert_eq!(
                read(line.as_bytes(), 10).map(|line| line.http10),
                expected,
                "{line}"
            );
        }
    }
}
