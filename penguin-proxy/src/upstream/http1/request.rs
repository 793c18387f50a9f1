//! Request serializer: head, and chunks for a body of unknown length.

use std::io::Write;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http::request::Parts;

use crate::content_length;

/// How the app finds the end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// With its head.
    Bodiless,
    /// After so many bytes more.
    Length(u64),
    /// With the last chunk.
    Chunked,
}

/// Appends a head. Its target must be in origin or asterisk form, and its fields those of the app's connection.
pub fn write_head(head: &Parts, has_body: bool, out: &mut Vec<u8>) -> Framing {
    out.extend_from_slice(head.method.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(head.uri.path().as_bytes());
    if let Some(query) = head.uri.query() {
        out.push(b'?');
        out.extend_from_slice(query.as_bytes());
    }
    out.extend_from_slice(b" HTTP/1.1\r\n");
    write_fields(&head.headers, out);
    let framing = if has_body {
        let length = head.headers.get(CONTENT_LENGTH);
        length
            .and_then(|length| content_length::parse(length.as_bytes()).ok())
            .map_or(Framing::Chunked, Framing::Length)
    } else {
        Framing::Bodiless
    };
    if framing == Framing::Chunked {
        out.extend_from_slice(b"transfer-encoding: chunked\r\n");
    }
    out.extend_from_slice(b"\r\n");
    framing
}

/// Appends what stands in front of a chunk; behind it stands an end of line.
pub fn begin_chunk(data: &Bytes, out: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    _ = write!(out, "{:x}\r\n", data.len());
}

/// Appends the end of all chunks.
pub fn end_chunks(trailers: &HeaderMap, out: &mut Vec<u8>) {
    out.extend_from_slice(b"0\r\n");
    write_fields(trailers, out);
    out.extend_from_slice(b"\r\n");
}

/// Appends fields, one to a line.
pub fn write_fields(fields: &HeaderMap, out: &mut Vec<u8>) {
    for (name, value) in fields {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn written(request: http::request::Builder, has_body: bool) -> (Framing, String) {
        let (head, ()) = request.body(()).unwrap().into_parts();
        let mut out = Vec::new();
        let framing = write_head(&head, has_body, &mut out);
        (framing, String::from_utf8(out).unwrap())
    }

    #[test]
    fn head_is_serialized_unchanged() {
        let request = Request::get("/a%20b?c=1&d")
            .header("host", "penguin.example")
            .header("x-two", "1")
            .header("x-two", "2");
        let (framing, text) = written(request, false);
        assert_eq!(framing, Framing::Bodiless);
        assert_eq!(
            text,
            "GET /a%20b?c=1&d HTTP/1.1\r\nhost: penguin.example\r\nx-two: 1\r\nx-two: 2\r\n\r\n"
        );
        let (_, text) = written(Request::options("*"), false);
        assert_eq!(text, "OPTIONS * HTTP/1.1\r\n\r\n");
    }

    #[test]
    fn request_body_framing() {
        let (framing, text) = written(Request::post("/").header("content-length", "7"), true);
        assert_eq!(
            (framing, text.contains("transfer-encoding")),
            (Framing::Length(7), false)
        );
        let (framing, text) = written(Request::get("/"), true);
        assert_eq!(
            (framing, text.contains("transfer-encoding: chunked\r\n")),
            (Framing::Chunked, true)
        );
        let (framing, text) = written(Request::post("/").header("content-length", "0"), false);
        assert_eq!(
            (framing, text.contains("content-length: 0\r\n")),
            (Framing::Bodiless, true)
        );
    }

    #[test]
    fn chunks_and_last_chunk() {
        let mut out = Vec::new();
        begin_chunk(&Bytes::from_static(&[0; 255]), &mut out);
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", http::HeaderValue::from_static("7"));
        end_chunks(&trailers, &mut out);
        assert_eq!(out, b"ff\r\n0\r\nx-sum: 7\r\n\r\n");
    }
}
