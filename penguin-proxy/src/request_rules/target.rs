//! The request target: which bytes and which of the four forms of RFC 9112 §3.2 are accepted. It works on
//! plain bytes, before any URI type has normalised something away (a fragment, for instance).

use http::Method;

use super::Refusal;

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
pub fn check(target: &[u8], method: &[u8]) -> Result<(), Refusal> {
    check_bytes(target)?;
    check_form(target, method)
}

/// Accepts the bytes and escapes of a target, whatever its form.
///
/// # Errors
/// A byte that must be escaped, a fragment, an unfinished escape, or an escaped NUL.
pub fn check_bytes(target: &[u8]) -> Result<(), Refusal> {
    if !target.iter().all(|&byte| ACCEPTED[usize::from(byte)]) {
        let fragment = target.iter().find(|&&byte| !ACCEPTED[usize::from(byte)]) == Some(&b'#');
        return Err(if fragment {
            Refusal::TargetFragment
        } else {
            Refusal::TargetByte
        });
    }
    let path_end = memchr::memchr(b'?', target).unwrap_or(target.len());
    if memchr::memchr2(b'\\', b'`', &target[..path_end]).is_some() {
        // Some file systems take a backslash for a slash, after every rule about paths has been applied; a
        // backtick is always escaped in paths, and the URI parser behind us insists.
        return Err(Refusal::TargetByte);
    }
    for escape in memchr::memchr_iter(b'%', target) {
        match target.get(escape + 1..escape + 3) {
            Some(b"00") => return Err(Refusal::TargetNul),
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {}
            _ => return Err(Refusal::TargetEscape),
        }
    }
    Ok(())
}

/// Origin form for everything, asterisk form for OPTIONS, absolute form from clients that take us for a proxy.
fn check_form(target: &[u8], method: &[u8]) -> Result<(), Refusal> {
    if method == Method::CONNECT.as_str().as_bytes() {
        // The method itself is refused later, with Allow; a target in another form is no CONNECT at all.
        return if target.contains(&b'/') || target == b"*" || !target.contains(&b':') {
            Err(Refusal::TargetForm)
        } else {
            super::host::check(target).map_err(|_| Refusal::TargetForm)
        };
    }
    match target.first() {
        Some(b'/') => Ok(()),
        Some(b'*') if target.len() == 1 && method == Method::OPTIONS.as_str().as_bytes() => Ok(()),
        _ => check_absolute(target),
    }
}

fn check_absolute(target: &[u8]) -> Result<(), Refusal> {
    let Some(scheme_end) = memchr::memmem::find(target, b"://") else {
        return Err(Refusal::TargetForm);
    };
    let scheme = &target[..scheme_end];
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        return Err(Refusal::TargetAuthority);
    }
    let rest = &target[scheme_end + 3..];
    let authority_end = memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len());
    super::host::check(&rest[..authority_end]).map_err(|_| Refusal::TargetAuthority)
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
            ("*", "GET", Err(Refusal::TargetForm)),
            ("**", "OPTIONS", Err(Refusal::TargetForm)),
            ("", "GET", Err(Refusal::TargetForm)),
            ("index.html", "GET", Err(Refusal::TargetForm)),
            ("example.org:80", "GET", Err(Refusal::TargetForm)),
            ("example.org:80", "CONNECT", Ok(())),
            ("/", "CONNECT", Err(Refusal::TargetForm)),
            ("http://example.org", "GET", Ok(())),
            ("HTTPS://example.org:8443/x?y", "GET", Ok(())),
            ("http://example.org?y", "GET", Ok(())),
            ("ftp://example.org/", "GET", Err(Refusal::TargetAuthority)),
            ("http:///x", "GET", Err(Refusal::TargetAuthority)),
            ("http://user@example.org/", "GET", Err(Refusal::TargetAuthority)),
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
            ("/#top", Err(Refusal::TargetFragment)),
            ("/a\"b", Err(Refusal::TargetByte)),
            ("/pinguïn", Err(Refusal::TargetByte)),
            ("/a b", Err(Refusal::TargetByte)),
            ("/a\\b", Err(Refusal::TargetByte)),
            ("/?a\\b", Ok(())),
            ("/%", Err(Refusal::TargetEscape)),
            ("/%4", Err(Refusal::TargetEscape)),
            ("/%zz", Err(Refusal::TargetEscape)),
            ("/%00", Err(Refusal::TargetNul)),
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
