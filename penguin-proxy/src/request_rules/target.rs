//! Request target check: allowed bytes and the four forms of RFC 9112 §3.2. Works on plain bytes, because URI types
//! normalize.

use http::uri::PathAndQuery;
use http::{Method, Uri};

use crate::reject_reason::RejectReason;

/// Bytes that a target may hold: what RFC 3986 allows and what browsers leave unescaped all the same.
const ACCEPTED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0x21_u8;
    while byte < 0x7f {
        table[byte as usize] = !matches!(byte, b'"' | b'<' | b'>' | b'#');
        byte += 1;
    }
    table
};

/// Accepts a target or says what is wrong with it.
///
/// # Errors
/// The first fault found: bytes, then escapes, then the form.
pub fn check(target: &[u8], method: &[u8]) -> Result<(), RejectReason> {
    check_bytes(target)?;
    check_form(target, method)
}

/// Accepts the bytes and escapes of a target, whatever its form.
///
/// # Errors
/// A byte that must be escaped, a fragment, an unfinished escape, or an escaped NUL.
pub fn check_bytes(target: &[u8]) -> Result<(), RejectReason> {
    if !target.iter().all(|&byte| ACCEPTED[usize::from(byte)]) {
        let fragment = target.iter().find(|&&byte| !ACCEPTED[usize::from(byte)]) == Some(&b'#');
        return Err(if fragment {
            RejectReason::TargetFragment
        } else {
            RejectReason::TargetByte
        });
    }
    let path_end = memchr::memchr(b'?', target).unwrap_or(target.len());
    if memchr::memchr2(b'\\', b'`', &target[..path_end]).is_some() {
        // Some file systems take a backslash for a slash, after every rule about paths has been applied; a
        // backtick is always escaped in paths, and the URI parser behind us insists.
        return Err(RejectReason::TargetByte);
    }
    for escape in memchr::memchr_iter(b'%', target) {
        match target.get(escape + 1..escape + 3) {
            Some(b"00") => return Err(RejectReason::TargetNul),
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {}
            _ => return Err(RejectReason::TargetEscape),
        }
    }
    Ok(())
}

/// Origin form for everything, asterisk form for OPTIONS, absolute form from clients that take us for a proxy.
fn check_form(target: &[u8], method: &[u8]) -> Result<(), RejectReason> {
    if method == Method::CONNECT.as_str().as_bytes() {
        // The method itself is refused later, with Allow; a target in another form is no CONNECT at all.
        return if target.contains(&b'/') || target == b"*" || !target.contains(&b':') {
            Err(RejectReason::TargetForm)
        } else {
            super::host::check(target).map_err(|_| RejectReason::TargetForm)
        };
    }
    match target.first() {
        Some(b'/') => Ok(()),
        Some(b'*') if target.len() == 1 && method == Method::OPTIONS.as_str().as_bytes() => Ok(()),
        _ => check_absolute(target),
    }
}

/// Whether an accepted target ends with its authority: `http://a`, not `http://a/`.
pub fn is_origin(target: &[u8]) -> bool {
    let authority = memchr::memmem::find(target, b"://").map(|scheme_end| &target[scheme_end + 3..]);
    !target.starts_with(b"/") && authority.is_some_and(|rest| memchr::memchr2(b'/', b'?', rest).is_none())
}

/// Turns the path of an absolute target into the asterisk, which a parser of targets does not tell from no path.
pub fn set_asterisk(target: &mut Uri) {
    let mut parts = std::mem::take(target).into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static("*"));
    // The scheme and the authority are there, so they make a whole with it.
    *target = Uri::from_parts(parts).unwrap_or_default();
}

fn check_absolute(target: &[u8]) -> Result<(), RejectReason> {
    let Some(scheme_end) = memchr::memmem::find(target, b"://") else {
        return Err(RejectReason::TargetForm);
    };
    let scheme = &target[..scheme_end];
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        return Err(RejectReason::TargetAuthority);
    }
    let rest = &target[scheme_end + 3..];
    let authority_end = memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len());
    super::host::check(&rest[..authority_end]).map_err(|_| RejectReason::TargetAuthority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_belong_to_methods() {
        for (target, method, expected) in [
            ("/", "GET", Ok(())),
            ("/a%20b?c=d/../e", "GET", Ok(())),
            ("*", "OPTIONS", Ok(())),
            ("*", "GET", Err(RejectReason::TargetForm)),
            ("**", "OPTIONS", Err(RejectReason::TargetForm)),
            ("", "GET", Err(RejectReason::TargetForm)),
            ("index.html", "GET", Err(RejectReason::TargetForm)),
            ("example.org:80", "GET", Err(RejectReason::TargetForm)),
            ("example.org:80", "CONNECT", Ok(())),
            ("/", "CONNECT", Err(RejectReason::TargetForm)),
            ("http://example.org", "GET", Ok(())),
            ("HTTPS://example.org:8443/x?y", "GET", Ok(())),
            ("http://example.org?y", "GET", Ok(())),
            ("ftp://example.org/", "GET", Err(RejectReason::TargetAuthority)),
            ("http:///x", "GET", Err(RejectReason::TargetAuthority)),
            (
                "http://user@example.org/",
                "GET",
                Err(RejectReason::TargetAuthority),
            ),
        ] {
            assert_eq!(
                check(target.as_bytes(), method.as_bytes()),
                expected,
                "{method} {target}"
            );
        }
    }

    #[test]
    fn bytes_and_escapes() {
        for (target, expected) in [
            ("/#top", Err(RejectReason::TargetFragment)),
            ("/a\"b", Err(RejectReason::TargetByte)),
            ("/pinguïn", Err(RejectReason::TargetByte)),
            ("/a b", Err(RejectReason::TargetByte)),
            ("/a\\b", Err(RejectReason::TargetByte)),
            ("/?a\\b", Ok(())),
            ("/%", Err(RejectReason::TargetEscape)),
            ("/%4", Err(RejectReason::TargetEscape)),
            ("/%zz", Err(RejectReason::TargetEscape)),
            ("/%00", Err(RejectReason::TargetNul)),
            ("/%2e%2E", Ok(())),
        ] {
            assert_eq!(check(target.as_bytes(), b"GET"), expected, "{target}");
        }
    }

    /// What is accepted here must not be refused by the parser behind it: its refusals cannot be logged.
    #[test]
    fn every_accepted_byte_is_a_uri_byte() {
        for byte in 0..=u8::MAX {
            for target in [[b'/', byte, b'a'].to_vec(), [b'/', b'?', byte].to_vec()] {
                if check(&target, b"GET").is_ok() {
                    assert!(http::Uri::try_from(target.as_slice()).is_ok(), "{target:?}");
                }
            }
        }
    }
}
