//! Whole responses, decoded again by the codecs' other halves.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Read as _;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, VARY};
use http_body::{Frame, SizeHint};

use super::*;

/// A body that gives its steps one by one; `None` is a pause.
#[derive(Debug)]
struct Steps {
    steps: VecDeque<Option<Frame<Bytes>>>,
    exact: Option<u64>,
}

impl Body for Steps {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.steps.pop_front() {
            Some(Some(frame)) => Poll::Ready(Some(Ok(frame))),
            Some(None) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.exact.map(SizeHint::with_exact).unwrap_or_default()
    }
}

fn known(body: &[u8]) -> Steps {
    let steps = VecDeque::from([Some(Frame::data(Bytes::copy_from_slice(body)))]);
    Steps {
        steps,
        exact: Some(body.len() as u64),
    }
}

fn streamed(steps: &[Option<&[u8]>]) -> Steps {
    let frame = |data: &&[u8]| Frame::data(Bytes::copy_from_slice(data));
    Steps {
        steps: steps.iter().map(|step| step.as_ref().map(frame)).collect(),
        exact: None,
    }
}

fn text(length: usize) -> Vec<u8> {
    "a penguin waddles, a penguin slides; "
        .bytes()
        .cycle()
        .take(length)
        .collect()
}

fn accepted(method: &Method, accept: &'static str) -> AcceptedCoding {
    let mut request = HeaderMap::new();
    request.insert(ACCEPT_ENCODING, HeaderValue::from_static(accept));
    Compression::default().negotiate(method, Version::HTTP_11, &request)
}

fn response(body: Steps) -> Response<Steps> {
    let mut response = Response::builder()
        .header("content-type", "text/html")
        .header("etag", "\"a\"");
    if let Some(length) = body.exact {
        response = response.header("content-length", length);
    }
    response.body(body).expect("a response")
}

fn apply(accepted: AcceptedCoding, response: Response<Steps>) -> Response<Encoded<Steps>> {
    let mut applied = Box::pin(Compression::default().apply(accepted, response, std::future::pending()));
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(response) = applied.as_mut().poll(&mut context) {
            return response.expect("nothing fails");
        }
    }
}

/// Every piece that the body gives, with pauses as `None`, and the trailers.
fn pieces(mut body: Encoded<Steps>) -> (Vec<Option<Bytes>>, Option<HeaderMap>) {
    let mut context = Context::from_waker(Waker::noop());
    let (mut pieces, mut trailers) = (Vec::new(), None);
    loop {
        match Pin::new(&mut body).poll_frame(&mut context) {
            Poll::Pending => pieces.push(None),
            Poll::Ready(None) => return (pieces, trailers),
            Poll::Ready(Some(frame)) => match frame.expect("nothing fails").into_data() {
                Ok(data) => pieces.push(Some(data)),
                Err(frame) => trailers = frame.into_trailers().ok(),
            },
        }
    }
}

fn bytes(body: Encoded<Steps>) -> Vec<u8> {
    pieces(body).0.into_iter().flatten().flatten().collect()
}

fn decode(coding: &str, encoded: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(encoded)
            .read_to_end(&mut plain)
            .map(|_| ()),
        "zstd" => zstd::stream::copy_decode(encoded, &mut plain),
        other => panic!("{other}"),
    }
    .expect("valid");
    plain
}

#[test]
fn short_bodies_are_compressed_in_one_go() {
    for coding in ["gzip", "zstd"] {
        // Twice, since the second time the codec's state is used again.
        for length in [1000, 64 * 1024, 5000] {
            let plain = text(length);
            let answer = apply(accepted(&Method::GET, coding), response(known(&plain)));
            assert_eq!(answer.headers()[CONTENT_ENCODING], coding);
            assert_eq!(answer.headers()[ETAG], "W/\"a\"");
            assert_eq!(answer.headers()[VARY], "accept-encoding");
            let declared = answer.headers()[CONTENT_LENGTH]
                .to_str()
                .expect("text")
                .to_owned();
            assert_eq!(
                answer.body().size_hint().exact().map(|length| length.to_string()),
                Some(declared.clone())
            );
            let encoded = bytes(answer.into_body());
            assert_eq!(encoded.len().to_string(), declared);
            assert_eq!(decode(coding, &encoded), plain);
        }
    }
}

#[test]
fn body_in_pieces_is_compressed_as_one() {
    let plain = text(3000);
    let mut steps = streamed(&[
        Some(&plain[..10]),
        None,
        Some(&plain[10..2000]),
        Some(&plain[2000..]),
    ]);
    steps.exact = Some(3000);
    let answer = apply(accepted(&Method::GET, "gzip"), response(steps));
    assert_eq!(decode("gzip", &bytes(answer.into_body())), plain);
}

#[test]
fn incompressible_bodies_stay_plain() {
    let mut random = fastrand::Rng::with_seed(7);
    let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(2000).collect();
    let answer = apply(accepted(&Method::GET, "zstd"), response(known(&noise)));
    assert!(!answer.headers().contains_key(CONTENT_ENCODING));
    assert_eq!(answer.headers()[ETAG], "\"a\"");
    assert_eq!(answer.headers()[CONTENT_LENGTH], "2000");
    assert_eq!(answer.headers()[VARY], "accept-encoding");
    assert_eq!(bytes(answer.into_body()), noise);
}

#[test]
fn streams_are_flushed_when_the_app_pauses() {
    for coding in ["gzip", "zstd"] {
        for _ in 0..2 {
            let steps = streamed(&[
                Some(b"one "),
                None,
                Some(b"two "),
                Some(b"three "),
                None,
                None,
                Some(b"four"),
            ]);
            let answer = apply(accepted(&Method::GET, coding), response(steps));
            assert!(!answer.headers().contains_key(CONTENT_LENGTH));
            let (pieces, _) = pieces(answer.into_body());
            // Every pause brings out what came before it; the pause behind a pause brings out nothing.
            let shape: Vec<bool> = pieces.iter().map(Option::is_some).collect();
            assert_eq!(shape, [true, true, false, true], "{coding}");
            let [Some(first), Some(second), ..] = pieces.as_slice() else {
                panic!("{pieces:?}")
            };
            assert_eq!(decode_start(coding, first), b"one ", "{coding}");
            assert_eq!(
                decode_start(coding, &[&first[..], second].concat()),
                b"one two three ",
                "{coding}"
            );
            let all: Vec<u8> = pieces.into_iter().flatten().flatten().collect();
            assert_eq!(decode(coding, &all), b"one two three four");
        }
    }
}

/// What a reader can decode of a stream that has only begun.
fn decode_start(coding: &str, encoded: &[u8]) -> Vec<u8> {
    let mut plain = vec![0; 100];
    let mut filled = 0;
    let mut gzip = flate2::read::GzDecoder::new(encoded);
    let mut zstd = zstd::stream::read::Decoder::new(encoded).expect("a decoder");
    let reader: &mut dyn std::io::Read = if coding == "gzip" { &mut gzip } else { &mut zstd };
    while let Ok(count @ 1..) = reader.read(&mut plain[filled..]) {
        filled += count;
    }
    plain.truncate(filled);
    plain
}

#[test]
fn long_streams_leave_in_large_pieces() {
    let mut random = fastrand::Rng::with_seed(7);
    let noise: Vec<u8> = std::iter::repeat_with(|| random.alphanumeric() as u8)
        .take(300_000)
        .collect();
    for coding in ["gzip", "zstd"] {
        let steps: Vec<Option<&[u8]>> = noise.chunks(4096).map(Some).collect();
        let answer = apply(accepted(&Method::GET, coding), response(streamed(&steps)));
        let (pieces, _) = pieces(answer.into_body());
        assert!(pieces.len() < 25, "{} pieces of {coding}", pieces.len());
        let all: Vec<u8> = pieces.into_iter().flatten().flatten().collect();
        assert_eq!(decode(coding, &all), noise);
    }
}

#[test]
fn trailers_survive() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("1"));
    let plain = text(2000);
    for exact in [None, Some(2000)] {
        let mut steps = streamed(&[Some(&plain)]);
        steps.steps.push_back(Some(Frame::trailers(trailers.clone())));
        steps.exact = exact;
        let answer = apply(accepted(&Method::GET, "gzip"), response(steps));
        assert!(!answer.headers().contains_key(CONTENT_LENGTH));
        let (pieces, found) = pieces(answer.into_body());
        assert_eq!(found, Some(trailers.clone()));
        let all: Vec<u8> = pieces.into_iter().flatten().flatten().collect();
        assert_eq!(decode("gzip", &all), plain);
    }
}

#[test]
fn head_response_matches_get() {
    let mut head = response(streamed(&[]));
    head.headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from_static("5000"));
    let answer = apply(accepted(&Method::HEAD, "zstd"), head);
    assert_eq!(answer.headers()[CONTENT_ENCODING], "zstd");
    assert_eq!(answer.headers()[ETAG], "W/\"a\"");
    assert_eq!(answer.headers()[VARY], "accept-encoding");
    assert!(!answer.headers().contains_key(CONTENT_LENGTH));
    assert!(bytes(answer.into_body()).is_empty(), "nothing is made of nothing");
}

#[test]
fn not_modified_has_the_validator_of_the_client() {
    let not_modified = |accept: &'static str, tag: &'static str| {
        let mut request = HeaderMap::new();
        request.insert(ACCEPT_ENCODING, HeaderValue::from_static(accept));
        request.insert(IF_NONE_MATCH, HeaderValue::from_static(tag));
        let accepted = Compression::default().negotiate(&Method::GET, Version::HTTP_11, &request);
        let response = Response::builder().status(304).header("etag", "\"a\"");
        let answer = apply(accepted, response.body(streamed(&[])).expect("a response"));
        assert_eq!(answer.headers()[VARY], "accept-encoding");
        answer.headers()[ETAG].to_str().expect("text").to_owned()
    };
    assert_eq!(not_modified("zstd", "W/\"a\""), "W/\"a\"");
    assert_eq!(not_modified("zstd", "\"a\""), "\"a\"");
    assert_eq!(not_modified("identity", "W/\"a\""), "\"a\"");
}

#[test]
fn clients_without_accept_encoding_get_plain_bodies() {
    let plain = text(5000);
    for accept in ["", "identity", "gzip;q=0", "br"] {
        let answer = apply(accepted(&Method::GET, accept), response(known(&plain)));
        assert!(!answer.headers().contains_key(CONTENT_ENCODING), "{accept}");
        assert_eq!(answer.headers()[VARY], "accept-encoding", "{accept}");
        assert_eq!(bytes(answer.into_body()), plain);
    }
    let mut request = HeaderMap::new();
    request.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    let old = Compression::default().negotiate(&Method::GET, Version::HTTP_10, &request);
    assert_eq!(old.coding, None);
    request.insert("cache-control", HeaderValue::from_static("no-transform"));
    let untouched = Compression::default().negotiate(&Method::GET, Version::HTTP_11, &request);
    assert_eq!(untouched.coding, None);
    let off = Compression {
        enabled: false,
        ..Compression::default()
    };
    assert_eq!(
        off.negotiate(&Method::GET, Version::HTTP_11, &request).coding,
        None
    );
}

#[test]
fn encoded_responses_pass_with_vary() {
    let mut answer = response(known(&text(2000)));
    answer
        .headers_mut()
        .insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
    let answer = apply(accepted(&Method::GET, "gzip, br"), answer);
    assert_eq!(answer.headers()[CONTENT_ENCODING], "br");
    assert_eq!(answer.headers()[VARY], "accept-encoding");
    assert_eq!(answer.headers()[ETAG], "\"a\"");
}

#[test]
fn partial_content_has_vary() {
    let mut answer = response(known(&text(2000)));
    *answer.status_mut() = http::StatusCode::PARTIAL_CONTENT;
    let answer = apply(accepted(&Method::GET, "gzip"), answer);
    assert!(!answer.headers().contains_key(CONTENT_ENCODING));
    assert_eq!(answer.headers()[VARY], "accept-encoding");
}
