//! `Accept-Encoding` of any kind: what is refused is never chosen, and what is chosen was named.
#![no_main]

use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use http::{Method, Version};
use libfuzzer_sys::fuzz_target;
use penguin_proxy::compression::{Coding, Compression};

fuzz_target!(|accept: &[u8]| {
    if let Some(coding) = wanted(accept) {
        let text = accept.to_ascii_lowercase();
        let named = |name: &[u8]| text.windows(name.len()).any(|window| window == name);
        assert!(named(coding.token().as_bytes()) || named(b"*"));
        let refusal = match coding {
            Coding::Zstd => &b",zstd;q=0"[..],
            Coding::Gzip => b",gzip;q=0",
        };
        assert_ne!(wanted(&[accept, refusal].concat()), Some(coding));
    }
});

fn wanted(accept: &[u8]) -> Option<Coding> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_bytes(accept).ok()?);
    Compression::default()
        .negotiate(&Method::GET, Version::HTTP_11, &headers)
        .coding()
}
