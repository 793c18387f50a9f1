//! Host header check. Stricter than RFC 3986: no user, no percent-encoding, no sub-delimiters, because routers disagree
//! about them.

use crate::reject_reason::RejectReason;

/// Accepts `name`, `name:port`, `192.0.2.1:80`, `[2001:db8::1]:443`.
///
/// # Errors
/// [`RejectReason::HostSyntax`] for everything else, the empty host included.
pub(super) fn check(host: &[u8]) -> Result<(), RejectReason> {
    let port = if let Some(bracketed) = host.strip_prefix(b"[") {
        let end = memchr::memchr(b']', bracketed).ok_or(RejectReason::HostSyntax)?;
        let address = std::str::from_utf8(&bracketed[..end]).map_err(|_| RejectReason::HostSyntax)?;
        address
            .parse::<std::net::Ipv6Addr>()
            .map_err(|_| RejectReason::HostSyntax)?;
        &bracketed[end + 1..]
    } else {
        let end = memchr::memchr(b':', host).unwrap_or(host.len());
        let name = &host[..end];
        if name.is_empty() || name.len() > 253 || !name.iter().all(|&byte| is_name_byte(byte)) {
            return Err(RejectReason::HostSyntax);
        }
        &host[end..]
    };
    check_port(port)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// Nothing, or a colon and a port; `example.org:` is allowed by RFC 3986 and means the default port.
fn check_port(port: &[u8]) -> Result<(), RejectReason> {
    match port {
        [] | [b':'] => Ok(()),
        [b':', digits @ ..] if digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit) => {
            let number = digits
                .iter()
                .fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
            if (1..=65_535).contains(&number) {
                Ok(())
            } else {
                Err(RejectReason::HostSyntax)
            }
        }
        _ => Err(RejectReason::HostSyntax),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_and_invalid_hosts() {
        for good in [
            "a",
            "example.org",
            "example.org:8080",
            "example.org.",
            "my_app:3000",
            "192.0.2.1",
            "[::1]",
            "[2001:db8::1]:443",
            "a:",
        ] {
            assert_eq!(check(good.as_bytes()), Ok(()), "{good}");
        }
        for bad in [
            "",
            ":80",
            "a b",
            "a,b",
            "a@b",
            "a/b",
            "http://a",
            "a:b",
            "a:0",
            "a:65536",
            "a:123456",
            "a:+80",
            "a:80:80",
            "[::1",
            "[zz]",
            "[::1]x",
            "[::1%25eth0]",
            "a%41",
            "a#b",
            "a?b",
            "pinguïn",
            "a\tb",
            "a;b",
        ] {
            assert_eq!(check(bad.as_bytes()), Err(RejectReason::HostSyntax), "{bad}");
        }
    }
}
