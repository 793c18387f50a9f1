//! One malformed message costs only its stream (RFC 9113 §8.1.1).

use std::sync::{Mutex, mpsc};

use super::connected;
use crate::stage::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, frame, get, headers, indexed,
    literals,
};
use crate::stage::{App, Client, Proxy};

const PROTOCOL_ERROR: u32 = 1;

/// `:status: 200`, with which every good response here begins.
const OK: u8 = 0x88;

/// Reads until the response on a stream is complete, and nothing of any other.
#[track_caller]
fn response(client: &mut Client, stream: u32) {
    let head = client.stream_frame();
    assert_eq!((head.kind, head.stream), (HEADERS, stream), "{head:?}");
    assert_eq!(head.payload[0], OK, "{head:?}");
    let mut flags = head.flags;
    while flags & END_STREAM == 0 {
        let data = client.stream_frame();
        assert_eq!((data.kind, data.stream), (DATA, stream), "{data:?}");
        flags = data.flags;
    }
}

#[track_caller]
fn reset(client: &mut Client, stream: u32, what: &str) {
    let frame = client.stream_frame();
    assert_eq!(
        (frame.kind, frame.stream),
        (RST_STREAM, stream),
        "{what}: {frame:?}"
    );
    assert_eq!(frame.code(), PROTOCOL_ERROR, "{what}");
}

/// Fields that make a request malformed, and the rule that the log names.
fn malformed() -> Vec<(Vec<u8>, &'static str)> {
    let field =
        |name: &'static [u8], value: &'static [u8]| [get("/bad"), literals(&[(name, value)])].concat();
    vec![
        (field(b"x", b"a\x7fb"), "control-byte"),
        (field(b"x", b"a\x01b"), "control-byte"),
        (field(b"x", b"a\nb: c"), "control-byte"),
        (field(b"x", b"a\rb"), "control-byte"),
        (field(b"x", b"a\0b"), "nul"),
        (field(b"x", b" a"), "field-space"),
        (field(b"x", b"a\t"), "field-space"),
        (field(b"X-Upper", b"1"), "field-name"),
        (field(b"x y", b"1"), "field-name"),
        (field(b"x:", b"1"), "field-name"),
        (field(b"", b"1"), "field-name"),
        (field(b"\xc3\xa9", b"1"), "field-name"),
        (field(b"connection", b"close"), "connection-field"),
        (field(b"keep-alive", b"1"), "connection-field"),
        (field(b"proxy-connection", b"close"), "connection-field"),
        (field(b"transfer-encoding", b"chunked"), "connection-field"),
        (field(b"upgrade", b"websocket"), "connection-field"),
        (field(b"te", b"gzip"), "connection-field"),
        (field(b"content-length", b"5, 5"), "content-length"),
        (field(b":unknown", b"1"), "pseudo-field"),
        (field(b":status", b"200"), "pseudo-field"),
        (field(b":protocol", b"websocket"), "pseudo-field"),
        (field(b":path", b"/twice"), "pseudo-field"),
        ([literals(&[("x", "1")]), get("/bad")].concat(), "pseudo-field"),
        (get("/bad")[1..].to_vec(), "pseudo-field"),
        (get("/bad#fragment"), "target-fragment"),
        (get("/bad here"), "target-byte"),
        (get("/bad\n"), "target-byte"),
        (
            [literals(&[(":method", "GE T")]), get("/bad")[1..].to_vec()].concat(),
            "method-syntax",
        ),
        (
            [literals(&[(":method", "")]), get("/bad")[1..].to_vec()].concat(),
            "method-syntax",
        ),
    ]
}

/// An app that answers `/wait` only when it is told to, and everything else at once.
fn app() -> (App, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (asked, news) = mpsc::channel();
    let (go, cue) = mpsc::channel();
    let (asked, cue) = (Mutex::new(asked), Mutex::new(cue));
    let app = App::answering(move |request| {
        assert!(
            !request.target().contains("bad"),
            "the app was asked for {}",
            request.target()
        );
        if request.target() == "/wait" {
            asked.lock().unwrap().send(()).unwrap();
            cue.lock().unwrap().recv().unwrap();
        }
        request.field("x-kept").unwrap_or_default().to_owned()
    });
    (app, news, go)
}

#[test]
fn malformed_request_resets_only_its_stream() {
    let (app, news, go) = app();
    let proxy = Proxy::before(&app);
    let mut client = connected(&proxy);
    client.send(headers(1, true, &get("/wait")));
    news.recv().unwrap();
    let mut stream = 1;
    for (block, rule) in malformed() {
        stream += 2;
        client.send(headers(stream, true, &block));
        reset(&mut client, stream, &format!("{rule}, {block:?}"));
        stream += 2;
        client.send(headers(stream, true, &get("/good")));
        response(&mut client, stream);
        let line = proxy.lines(1, |line| line["rule"] == rule).pop().expect("a line");
        assert_eq!(
            (&line["protocol"], &line["status"], &line["bytes_out"]),
            (&"HTTP/2".into(), &400.into(), &0.into()),
            "{line}"
        );
        assert!(
            line["method"] == "GET" || rule == "method-syntax" || rule == "pseudo-field",
            "{line}"
        );
    }
    go.send(()).unwrap();
    response(&mut client, 1);
    let lines = proxy.lines(malformed().len(), |line| line["status"] == 400);
    assert_eq!(lines.len(), malformed().len());
    assert!(
        lines
            .iter()
            .any(|line| line["target"] == "/bad" && line["host"] == "a")
    );
}

#[test]
fn malformed_request_with_a_body_resets_only_its_stream() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    let mut client = connected(&proxy);
    let block = [get("/bad"), literals(&[("x", "\x7f")])].concat();
    client.send(headers(1, false, &block));
    client.send(frame(DATA, 0, 1, b"hel"));
    client.send(frame(DATA, END_STREAM, 1, b"lo"));
    client.send(headers(3, true, &get("/good")));
    reset(&mut client, 1, "HEADERS with DATA");
    response(&mut client, 3);
}

#[test]
fn headers_of_a_malformed_block_stay_in_the_dynamic_table() {
    let (app, ..) = app();
    let proxy = Proxy::before(&app);
    let mut client = connected(&proxy);
    let good = [get("/1"), indexed("x-kept", "first")].concat();
    client.send(headers(1, true, &good));
    response(&mut client, 1);
    let bad = [get("/bad"), indexed("x-kept", "second"), indexed("x-bad", "a\nb")].concat();
    client.send(headers(3, true, &bad));
    reset(&mut client, 3, "a value with LF");
    // 62 is x-bad, 63 the second x-kept, 64 the first.
    for (stream, index, value) in [(5, 63, "second"), (7, 64, "first"), (9, 63, "second")] {
        client.send(headers(stream, true, &[get("/5"), vec![0x80 + index]].concat()));
        let head = client.stream_frame();
        assert_eq!((head.kind, head.stream, head.payload[0]), (HEADERS, stream, OK));
        let data = client.stream_frame();
        assert_eq!(String::from_utf8_lossy(&data.payload), value);
    }
    client.send(headers(11, true, &[get("/bad"), vec![0x80 + 62]].concat()));
    reset(&mut client, 11, "the bad entry, by its index");
    client.send(headers(13, true, &get("/good")));
    response(&mut client, 13);
}

#[test]
fn malformed_trailers_reset_only_their_stream() {
    let (told, news) = mpsc::channel();
    let told = Mutex::new(told);
    let app = App::scripted(move |mut connection| {
        let Some(head) = connection.head() else { return };
        let mut got = Vec::new();
        if head.target() == "/upload" {
            let mut buffer = [0; 64];
            loop {
                let count = connection.read(&mut buffer);
                got.extend_from_slice(&buffer[..count]);
                if count == 0 || got.ends_with(b"hel\r\n") {
                    told.lock().unwrap().send(got.clone()).unwrap();
                }
                if count == 0 {
                    return;
                }
            }
        }
        connection.answer("200 OK", "");
    });
    let proxy = Proxy::before(&app);
    let mut client = connected(&proxy);
    let mut stream = 1;
    for trailer in [
        (&b"x"[..], &b"a\nb"[..]),
        (b"X", b"1"),
        (b":path", b"/"),
        (b"connection", b"close"),
        (b"grpc-message", b"\0"),
    ] {
        let post = [&[0x83][..], &get("/upload")[1..]].concat();
        client.send(headers(stream, false, &post));
        client.send(frame(DATA, 0, stream, b"hel"));
        assert_eq!(news.recv().unwrap(), b"3\r\nhel\r\n");
        client.send(headers(stream, true, &literals(&[trailer])));
        reset(&mut client, stream, &format!("{trailer:?}"));
        assert_eq!(
            news.recv().unwrap(),
            b"3\r\nhel\r\n",
            "the app does not see an end of the body"
        );
        client.send(headers(stream + 2, true, &get("/good")));
        response(&mut client, stream + 2);
        stream += 4;
    }
    let lines = proxy.lines(5, |line| line["target"] == "/upload");
    for line in lines {
        assert_eq!(line["end"], "client.body.malformed", "{line}");
    }
}

#[test]
fn thousand_malformed_requests_do_not_end_the_connection_abruptly() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    let mut client = connected(&proxy);
    let bad = [get("/bad"), literals(&[("x", "\x7f")])].concat();
    let mut stream = 1;
    let farewell = loop {
        client.send(headers(stream, true, &bad));
        let frame = client.stream_frame();
        if frame.kind == GOAWAY {
            break frame;
        }
        assert_eq!((frame.kind, frame.stream), (RST_STREAM, stream));
        assert!(stream < 4000, "the connection is retired");
        stream += 2;
    };
    assert!(stream > 1900, "{stream}");
    assert_eq!(farewell.code(), 0, "{farewell:?}");
    // The client is asked for another connection. What it still sends on this one is answered.
    reset(&mut client, stream, "the last malformed request");
    client.send(headers(stream + 2, true, &get("/good")));
    response(&mut client, stream + 2);
}

#[test]
fn padding_priorities_and_unknown_frames_are_accepted() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    let mut client = connected(&proxy);
    client.send(frame(0x42, 0xff, 7, b"whatever"));
    client.send(frame(2, 0, 1, &[0, 0, 0, 1, 0]));
    let dependent_on_itself = [&[2, 0, 0, 0, 1, 0][..], &get("/1"), &[0, 0]].concat();
    client.send(frame(
        HEADERS,
        END_STREAM | END_HEADERS | 0x28,
        1,
        &dependent_on_itself,
    ));
    response(&mut client, 1);
    let block = get("/3");
    client.send(frame(HEADERS, END_STREAM, 3, &block[..2]));
    for byte in &block[2..] {
        client.send(frame(CONTINUATION, 0, 3, &[*byte]));
    }
    client.send(frame(CONTINUATION, END_HEADERS, 3, &[]));
    response(&mut client, 3);
}
