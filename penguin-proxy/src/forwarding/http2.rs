//! Conversion of a request head from HTTP/1.1 to HTTP/2: the host moves to the target.

use http::Uri;
use http::header::{CONNECTION, HOST, UPGRADE};
use http::request::Parts;
use http::uri::{Authority, InvalidUri, Scheme};

/// Moves Host into the target and removes what speaks of a connection. The scheme is that of this hop; the client's is
/// in `X-Forwarded-Proto`.
///
/// # Errors
/// If Host is no authority; the rules for requests have let only authorities pass.
pub fn to_http2(head: &mut Parts) -> Result<(), InvalidUri> {
    head.headers.remove(CONNECTION);
    head.headers.remove(UPGRADE);
    let Some(host) = head.headers.remove(HOST) else {
        return Ok(());
    };
    let host = host.as_bytes().strip_suffix(b":").unwrap_or(host.as_bytes());
    let authority = Authority::try_from(host)?;
    let mut target = std::mem::take(&mut head.uri).into_parts();
    target.scheme = Some(Scheme::HTTP);
    target.authority = Some(authority);
    // All three parts are there, so they always make a whole.
    if let Ok(whole) = Uri::from_parts(target) {
        head.uri = whole;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn host_becomes_the_authority() {
        for (host, target, expected) in [
            ("a.example:80", "/b?c", "http://a.example:80/b?c"),
            ("my_app:", "/", "http://my_app/"),
            ("[::1]:8080", "/", "http://[::1]:8080/"),
            ("a", "*", "http://a*"),
        ] {
            let request = Request::builder()
                .uri(target)
                .header("host", host)
                .header("connection", "te")
                .header("te", "trailers");
            let mut head = request.body(()).expect("a head").into_parts().0;
            to_http2(&mut head).expect("a host");
            assert_eq!(head.uri.to_string(), expected);
            assert_eq!(head.headers.len(), 1);
            assert_eq!(head.headers["te"], "trailers");
        }
    }
}
