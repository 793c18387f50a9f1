//! An app that speaks HTTP/2 and answers one call badly: the other calls of the connection lose nothing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use h2::Reason;

use crate::stage::app::Connection;
use crate::stage::frames::{
    DATA, END_HEADERS, END_STREAM, Frame, HEADERS, RST_STREAM, frame, headers, indexed, literals,
};
use crate::stage::http2::{Http2Client, reset_reason};
use crate::stage::{App, Proxy};

const OK: &[u8] = &[0x88];

fn before(app: &App) -> Proxy {
    let address = app.address.to_string();
    Proxy::with(|arguments| {
        arguments.upstream = address;
        arguments.upstream_protocol = "h2c".into();
        arguments.threads = "1".into();
    })
}

/// An app that hands the streams of each connection to a script, all that have come by now. Counts connections.
fn app(
    together: usize,
    script: impl Fn(&mut Connection, &[u32]) + Send + Sync + 'static,
) -> (App, Arc<AtomicUsize>) {
    let connections = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&connections);
    let app = App::scripted(move |mut connection| {
        if !connection.speaks_http2() {
            return;
        }
        counted.fetch_add(1, Ordering::SeqCst);
        let mut asked = Vec::new();
        while let Some(Frame { kind, stream, .. }) = connection.frame() {
            if kind == HEADERS {
                asked.push(stream);
            }
            if asked.len() == together {
                script(&mut connection, &asked);
                asked.clear();
            }
        }
    });
    (app, connections)
}

fn good(connection: &mut Connection, stream: u32) {
    let head = [OK, &indexed("content-type", "application/grpc")].concat();
    connection.send(headers(stream, false, &head));
    connection.send(frame(DATA, 0, stream, b"fine"));
    connection.send(headers(stream, true, &literals(&[("grpc-status", "0")])));
}

#[test]
fn malformed_response_costs_only_its_call() {
    let heads: [(&[u8], &str); 9] = [
        (&[OK, &indexed("grpc-message", "a\nb")].concat(), "control byte"),
        (&[OK, &literals(&[("x", "\0")])].concat(), "NUL"),
        (&[OK, &literals(&[("X", "1")])].concat(), "header name"),
        (
            &[OK, &literals(&[("connection", "close")])].concat(),
            "connection",
        ),
        (&[OK, &literals(&[(":path", "/")])].concat(), "pseudo-header"),
        (&[OK, OK].concat(), "pseudo-header"),
        (&literals(&[(":status", "abc")]), "status"),
        (&literals(&[(":status", "101")]), "status"),
        (&literals(&[("x", "1")]), "pseudo-header"),
    ];
    for (head, what) in heads {
        let bad = head.to_vec();
        let (app, connections) = app(9, move |connection, streams| {
            connection.send(headers(streams[4], true, &bad));
            for stream in streams {
                if *stream != streams[4] {
                    good(connection, *stream);
                }
            }
        });
        let proxy = before(&app);
        let client = Http2Client::connect(proxy.address);
        for round in 0..2 {
            let calls: Vec<_> = (0..9)
                .map(|_| {
                    client
                        .open(client.request("POST", "/call").body(()).unwrap(), true)
                        .0
                })
                .collect();
            let replies: Vec<_> = calls.into_iter().map(|call| client.wait(call).unwrap()).collect();
            let failed = replies.iter().filter(|reply| reply.status == 502).count();
            let fine = replies
                .iter()
                .filter(|reply| reply.text() == "fine" && reply.trailers["grpc-status"] == "0")
                .count();
            assert_eq!((failed, fine), (1, 8), "{what}, round {round}");
        }
        assert_eq!(connections.load(Ordering::SeqCst), 1, "{what}");
        for line in proxy.lines(2, |line| line["status"] == 502) {
            assert_eq!(line["end"], "upstream.head.malformed", "{line}");
            let error = line["error"].as_str().unwrap();
            assert!(error.contains(what), "{error}: {what}");
        }
    }
}

#[test]
fn malformed_trailers_cut_only_their_response() {
    let (go, cue) = mpsc::channel::<()>();
    let cue = Mutex::new(cue);
    let (app, connections) = app(2, move |connection, streams| {
        for stream in streams {
            connection.send(headers(*stream, false, OK));
            connection.send(frame(DATA, 0, *stream, b"fine"));
        }
        cue.lock().unwrap().recv().unwrap();
        let message = [
            literals(&[("grpc-status", "13")]),
            indexed("grpc-message", "a\nb"),
        ]
        .concat();
        connection.send(headers(streams[0], true, &message));
        connection.send(headers(streams[1], true, &literals(&[("grpc-status", "0")])));
        // The proxy says which stream it gives up, and nothing about the others.
        let reset = std::iter::from_fn(|| connection.frame()).find(|frame| frame.kind == RST_STREAM);
        let reset = reset.expect("RST_STREAM");
        assert_eq!((reset.stream, reset.code()), (streams[0], 1));
    });
    let proxy = before(&app);
    let client = Http2Client::connect(proxy.address);
    let [bad, fine] = ["/bad", "/fine"].map(|target| {
        client
            .open(client.request("POST", target).body(()).unwrap(), true)
            .0
    });
    go.send(()).unwrap();
    let reply = client.wait(fine).unwrap();
    assert_eq!(
        (reply.text().as_str(), &reply.trailers["grpc-status"]),
        ("fine", &"0".parse().unwrap())
    );
    assert_eq!(reset_reason(client.wait(bad)), Reason::INTERNAL_ERROR);
    let line = proxy.line("/bad");
    assert_eq!(line["end"], "upstream.answer.cut", "{line}");
    assert!(line["error"].as_str().unwrap().contains("control byte"), "{line}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[test]
fn grpc_message_with_trailing_space_is_forwarded() {
    let (app, _) = app(1, |connection, streams| {
        let head = [
            OK,
            &literals(&[("grpc-status", "5"), ("grpc-message", "no such thing: ")]),
        ]
        .concat();
        connection.send(headers(streams[0], true, &head));
    });
    let proxy = before(&app);
    let client = Http2Client::connect(proxy.address);
    let reply = client.send(client.request("POST", "/call")).unwrap();
    assert_eq!(reply.field("grpc-message").map(str::trim), Some("no such thing:"));
}

#[test]
fn frames_that_break_the_connection_are_named_in_the_log() {
    let (app, _) = app(1, |connection, streams| {
        connection.send(frame(HEADERS, END_STREAM | END_HEADERS, streams[0], &[0x80]));
    });
    let proxy = before(&app);
    let client = Http2Client::connect(proxy.address);
    let reply = client.send(client.request("POST", "/call")).unwrap();
    assert_eq!(reply.status, 502);
    let line = proxy.line("/call");
    assert_eq!(line["end"], "upstream.head.malformed", "{line}");
    assert!(
        line["error"].as_str().unwrap().contains("header compression"),
        "{line}"
    );
}

#[test]
fn connection_with_many_malformed_responses_is_replaced_without_loss() {
    let (app, connections) = app(1, |connection, streams| {
        connection.send(headers(streams[0], true, &[OK, &indexed("x", "a\nb")].concat()));
    });
    let proxy = before(&app);
    let client = Http2Client::connect(proxy.address);
    for _ in 0..1100 {
        assert_eq!(client.get("/call").status, 502);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
    let lines = proxy.lines(1100, |line| line["end"] == "upstream.head.malformed");
    assert_eq!(lines.len(), 1100);
}

#[test]
fn app_with_101_streams_is_connected() {
    let app = App::scripted(|mut connection| {
        // SETTINGS_MAX_CONCURRENT_STREAMS.
        let streams = frame(4, 0, 0, &[0, 3, 0, 0, 0, 101]);
        if !connection.reads_preface() || !connection.send(streams) {
            return;
        }
        while let Some(frame) = connection.frame() {
            if frame.kind == HEADERS {
                good(&mut connection, frame.stream);
            }
        }
    });
    let proxy = before(&app);
    let client = Http2Client::connect(proxy.address);
    assert_eq!(client.get("/").text(), "fine");
}
