//! Parser of the request line.

use crate::reject_reason::RejectReason;
use crate::request_rules::target;

use super::line::is_token;

/// Longest method that any registry knows, with room.
pub(super) const METHOD_LIMIT: usize = 32;
/// ` HTTP/1.1` and the two spaces and CRLF around the parts.
pub(super) const AROUND_TARGET: usize = METHOD_LIMIT + 12;

/// What a request line decides about its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RequestLine {
    pub(super) http10: bool,
    /// OPTIONS with a target that ends with its authority, `http://a`: about the server as a whole (RFC 9112 §3.2.4).
    pub(super) server_wide: bool,
}

/// Reads a request line.
///
/// # Errors
/// The leftmost part that is wrong; a version that is not spoken here last, as it must be well spelt first.
pub(super) fn read(line: &[u8], target_limit: usize) -> Result<RequestLine, RejectReason> {
    let mut parts = line.split(|&byte| byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(RejectReason::RequestLine);
    };
    if target.is_empty() || version.is_empty() {
        return Err(RejectReason::RequestLine);
    }
    if method.len() > METHOD_LIMIT || !is_token(method) {
        return Err(RejectReason::MethodSyntax);
    }
    let http10 = match version {
        b"HTTP/1.1" => false,
        b"HTTP/1.0" => true,
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            return Err(RejectReason::Version);
        }
        _ => return Err(RejectReason::VersionSyntax),
    };
    if target.len() > target_limit {
        return Err(RejectReason::TargetTooLong);
    }
    target::check(target, method)?;
    Ok(RequestLine {
        http10,
        server_wide: method == b"OPTIONS" && target::is_origin(target),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (line, expected) in [
            ("GET / HTTP/1.1", Ok(false)),
            ("GET / HTTP/1.0", Ok(true)),
            ("M-SEARCH * HTTP/1.1", Err(RejectReason::TargetForm)),
            ("", Err(RejectReason::RequestLine)),
            ("GET", Err(RejectReason::RequestLine)),
            ("GET /", Err(RejectReason::RequestLine)),
            ("GET  / HTTP/1.1", Err(RejectReason::RequestLine)),
            ("GET /  HTTP/1.1", Err(RejectReason::RequestLine)),
            ("GET / HTTP/1.1 ", Err(RejectReason::RequestLine)),
            (" GET / HTTP/1.1", Err(RejectReason::RequestLine)),
            ("GET /a b HTTP/1.1", Err(RejectReason::RequestLine)),
            ("GET\t/\tHTTP/1.1", Err(RejectReason::RequestLine)),
            ("G(T / HTTP/1.1", Err(RejectReason::MethodSyntax)),
            ("GET / http/1.1", Err(RejectReason::VersionSyntax)),
            ("GET / HTTP/1", Err(RejectReason::VersionSyntax)),
            ("GET / HTTP/11.1", Err(RejectReason::VersionSyntax)),
            ("GET / HTTP/1.1x", Err(RejectReason::VersionSyntax)),
            ("GET / HTTP/0.9", Err(RejectReason::Version)),
            ("GET / HTTP/1.2", Err(RejectReason::Version)),
            ("PRI * HTTP/2.0", Err(RejectReason::Version)),
            ("GET /long-target HTTP/1.1", Err(RejectReason::TargetTooLong)),
        ] {
            assert_eq!(
                read(line.as_bytes(), 10).map(|line| line.http10),
                expected,
                "{line}"
            );
        }
    }

    #[test]
    fn options_without_a_path_are_server_wide() {
        for (line, expected) in [
            ("OPTIONS http://a HTTP/1.1", true),
            ("OPTIONS HTTP://a:80 HTTP/1.1", true),
            ("OPTIONS http://a/ HTTP/1.1", false),
            ("OPTIONS http://a?b HTTP/1.1", false),
            ("OPTIONS /http://a HTTP/1.1", false),
            ("OPTIONS * HTTP/1.1", false),
            ("GET http://a HTTP/1.1", false),
        ] {
            let server_wide = read(line.as_bytes(), 100).map(|line| line.server_wide);
            assert_eq!(server_wide, Ok(expected), "{line}");
        }
    }
}
