//! Whole responses, held against hyper's reading of the same bytes: what is accepted here means the same there.

use std::pin::Pin;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, Request};
use http_body::{Body, Frame};
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::request_body::RequestBody;

/// A response with all of its body.
#[derive(Debug, PartialEq, Eq)]
struct Whole {
    status: u16,
    fields: HeaderMap,
    body: Vec<u8>,
    trailers: HeaderMap,
}

/// Reads bytes that come in pieces of so many, after which the connection ends. None for what is not a whole response.
fn read(bytes: &[u8], method: &Method, piece: usize) -> Option<Whole> {
    let mut map = HeaderMap::new();
    let mut pieces = bytes.chunks(piece);
    let mut seen = Vec::new();
    let (end, mut answer) = loop {
        seen.extend_from_slice(pieces.next()?);
        let read = read_head(&Bytes::copy_from_slice(&seen), method, &mut map).ok()?;
        match read {
            Some((end, answer)) if answer.head.status().is_informational() => {
                assert_ne!(answer.head.status(), 101, "not among what is tried");
                seen.drain(..end);
                // What is left may be all that is needed; a piece without bytes asks again.
                if let Some((end, answer)) =
                    read_head(&Bytes::copy_from_slice(&seen), method, &mut map).ok()?
                {
                    break (end, answer);
                }
            }
            Some(read) => break read,
            None => {}
        }
    };
    let mut whole = Whole {
        status: answer.head.status().as_u16(),
        fields: answer.head.headers().clone(),
        body: Vec::new(),
        trailers: HeaderMap::new(),
    };
    let mut input = Bytes::copy_from_slice(&seen[end..]);
    loop {
        match answer.incoming.next(&mut input).ok()? {
            Piece::Data(data) => whole.body.extend_from_slice(&data),
            Piece::Trailers(trailers) => whole.trailers = trailers,
            Piece::End => return Some(whole),
            Piece::More => match pieces.next() {
                Some(more) => input = Bytes::from([&input, more].concat()),
                None => answer.incoming.closed().ok()?,
            },
        }
    }
}

/// The same by hyper.
fn read_by_hyper(bytes: &[u8], method: &Method) -> Option<Whole> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (mut app, ours) = tokio::io::duplex(64 * 1024);
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(ours));
        let (mut sender, connection) = handshake.await.unwrap();
        let request = Request::builder()
            .method(method)
            .body(RequestBody::empty())
            .unwrap();
        let said = bytes.to_vec();
        tokio::spawn(async move {
            // hyper takes what comes before its request for nobody's answer.
            app.read_u8().await.unwrap();
            app.write_all(&said).await.unwrap();
            app.shutdown().await.unwrap();
            app.read_to_end(&mut Vec::new()).await.unwrap();
        });
        let exchange = async {
            let (head, mut body) = sender.send_request(request).await.ok()?.into_parts();
            let mut fields = head.headers;
            // Here a length that is repeated is kept once.
            if let Some(length) = fields.get(CONTENT_LENGTH).cloned() {
                fields.insert(CONTENT_LENGTH, length);
            }
            let mut whole = Whole {
                status: head.status.as_u16(),
                fields,
                body: Vec::new(),
                trailers: HeaderMap::new(),
            };
            while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                match frame.map(Frame::into_data) {
                    Ok(Ok(data)) => whole.body.extend_from_slice(&data),
                    Ok(Err(frame)) => whole.trailers = frame.into_trailers().ok()?,
                    Err(_) => return None,
                }
            }
            Some(whole)
        };
        let mut exchange = std::pin::pin!(exchange);
        tokio::select! {
            biased;
            whole = &mut exchange => whole,
            _ = connection => exchange.await,
        }
    })
}

/// Answers as apps write them, and as they should not.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let first = prop::sample::select(vec![
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200",
        "HTTP/1.0 200 Fine",
        "HTTP/1.1 204 No Content",
        "HTTP/1.1 304 Not Modified",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK",
        "HTTP/2 200 OK",
    ]);
    let field = prop::sample::select(vec![
        "Content-Length: 5",
        "content-length:0",
        "Content-Length: 5, 5",
        "Content-Length: +5",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "transfer-encoding: identity",
        "Connection: close",
        "Connection: keep-alive, X-Hop",
        "X-Hop: 1",
        "X-Empty:",
        "X-Spaces:  a b \t",
        "X-Wide: \u{e9}",
        "X-Space : 1",
        "Set-Cookie: a=b",
        " folded",
    ]);
    let body = prop::sample::select(vec![
        "",
        "hello",
        "hello and more",
        "5\r\nhello\r\n0\r\n\r\n",
        "2;a=b\r\nhe\r\n3 \r\nllo\r\n00\r\n\r\n",
        "1\r\nh\r\n0\r\nX-Sum: 7\r\nX-Two: 8\r\n\r\n",
        "1\nh\n0\n\n",
        "6\r\nhello\r\n0\r\n\r\n",
        "0\r\nX-Sum: 7\n\n",
    ]);
    let end = prop::sample::select(vec!["\r\n", "\r\n", "\r\n", "\n"]);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..2);
    (first, prop::collection::vec(field, 0..4), body, end, changes).prop_map(
        |(first, fields, body, end, changes)| {
            let mut text = format!("{first}{end}");
            for field in fields {
                text.push_str(field);
                text.push_str(end);
            }
            text.push_str(end);
            text.push_str(body);
            let mut bytes = text.into_bytes();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn accepted_responses_mean_the_same_to_hyper(bytes in answers(), head in any::<bool>()) {
        let method = if head { Method::HEAD } else { Method::GET };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        prop_assume!(!text.contains(" 101"));
        let ours = read(&bytes, &method, usize::MAX);
        for piece in [1, 7] {
            prop_assert_eq!(&read(&bytes, &method, piece), &ours, "in pieces of {}: {:?}", piece, text);
        }
        if let Some(ours) = ours {
            prop_assert_eq!(read_by_hyper(&bytes, &method), Some(ours), "{:?}", text);
        }
    }
}

#[test]
fn most_responses_that_hyper_reads_are_accepted() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut both, mut hyper) = (0, 0);
    for _ in 0..2000 {
        let bytes = answers().new_tree(&mut runner).unwrap().current();
        if read_by_hyper(&bytes, &Method::GET).is_some() {
            hyper += 1;
            both += u32::from(read(&bytes, &Method::GET, usize::MAX).is_some());
        }
    }
    // The rest are what this reader is stricter about.
    assert!(both * 3 > hyper * 2 && both > 300, "{both} of {hyper}");
}
