//! `RST_STREAM(NO_ERROR)`: legal after a complete message, and no end of an incomplete one (RFC 9113 §8.1).

use std::sync::{Mutex, mpsc};

use bytes::Bytes;
use h2::Reason;
use http::Response;

use crate::stage::http2::{Http2App, Http2Client, piece, read, soon};
use crate::stage::{App, Proxy};

fn before_h2c(app: &Http2App) -> Proxy {
    let address = app.address.to_string();
    Proxy::with(|arguments| {
        arguments.upstream = address;
        arguments.upstream_protocol = "h2c".into();
        arguments.threads = "1".into();
    })
}

/// Answers with `par`, waits for the cue, and resets the stream without an error.
fn answers_in_part() -> (Http2App, mpsc::Sender<()>) {
    let (go, cue) = mpsc::channel::<()>();
    let cue = std::sync::Arc::new(Mutex::new(cue));
    let app = Http2App::serving(move |_, mut respond| {
        let cue = std::sync::Arc::clone(&cue);
        async move {
            let mut stream = respond.send_response(Response::new(()), false).unwrap();
            stream.send_data(Bytes::from("par"), false).unwrap();
            tokio::task::spawn_blocking(move || cue.lock().unwrap().recv())
                .await
                .unwrap()
                .unwrap();
            stream.send_reset(Reason::NO_ERROR);
        }
    });
    (app, go)
}

#[test]
fn request_body_cut_by_no_error_reaches_an_http1_app_incomplete() {
    let (told, news) = mpsc::channel::<Vec<u8>>();
    let told = Mutex::new(told);
    let app = App::scripted(move |mut connection| {
        if connection.head().is_none() {
            return;
        }
        let (mut got, mut buffer) = (Vec::new(), [0; 64]);
        loop {
            let count = connection.read(&mut buffer);
            got.extend_from_slice(&buffer[..count]);
            if count == 0 || got.ends_with(b"hel\r\n") || got.ends_with(b"0\r\n\r\n") {
                let _the_test_is_over = told.lock().unwrap().send(got.clone());
            }
            if count == 0 {
                return;
            }
        }
    });
    let proxy = Proxy::before(&app);
    let client = Http2Client::connect(proxy.address);
    let (_answer, mut upload) = client.open(client.request("POST", "/cut").body(()).unwrap(), false);
    upload.send_data(Bytes::from("hel"), false).unwrap();
    assert_eq!(news.recv().unwrap(), b"3\r\nhel\r\n");
    upload.send_reset(Reason::NO_ERROR);
    assert_eq!(
        news.recv().unwrap(),
        b"3\r\nhel\r\n",
        "the connection ends without a last chunk"
    );
    assert_eq!(proxy.line("/cut")["end"], "client.body.aborted");
}

#[test]
fn request_body_cut_by_no_error_reaches_an_h2c_app_incomplete() {
    let (told, news) = mpsc::channel();
    let app = Http2App::serving(move |request, _respond| {
        let told = told.clone();
        async move {
            let mut body = request.into_body();
            told.send(Ok(piece(&mut body).await)).unwrap();
            told.send(read(&mut body).await.map(|(rest, _)| rest.into()))
                .unwrap();
        }
    });
    let proxy = before_h2c(&app);
    let client = Http2Client::connect(proxy.address);
    let (_answer, mut upload) = client.open(client.request("POST", "/cut").body(()).unwrap(), false);
    upload.send_data(Bytes::from("hel"), false).unwrap();
    assert_eq!(news.recv().unwrap().unwrap(), "hel");
    upload.send_reset(Reason::NO_ERROR);
    let error = news.recv().unwrap().expect_err("the body has no end");
    assert!(error.is_reset(), "{error}");
}

#[test]
fn response_body_cut_by_no_error_is_incomplete_for_http2_clients() {
    let (app, go) = answers_in_part();
    let proxy = before_h2c(&app);
    let client = Http2Client::connect(proxy.address);
    let (answer, _) = client.open(client.request("GET", "/cut").body(()).unwrap(), true);
    // A reset drops what its side has not sent yet, so it waits until the first part has arrived.
    let mut body = client.runtime.block_on(soon(answer)).unwrap().into_body();
    assert_eq!(client.runtime.block_on(piece(&mut body)), "par");
    go.send(()).unwrap();
    let error = client.runtime.block_on(soon(read(&mut body))).unwrap_err();
    assert!(error.is_reset(), "{error}");
    assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR));
    let line = proxy.line("/cut");
    assert_eq!(
        (&line["end"], &line["bytes_out"]),
        (&"upstream.answer.cut".into(), &3.into())
    );
    assert!(line["error"].as_str().unwrap().contains("NO_ERROR"), "{line}");
}

#[test]
fn response_body_cut_by_no_error_is_incomplete_for_http1_clients() {
    let (app, go) = answers_in_part();
    let proxy = before_h2c(&app);
    let mut client = proxy.connect();
    client.send("GET /cut HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.head().unwrap();
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert_eq!(client.chunk().as_deref(), Some(&b"par"[..]));
    go.send(()).unwrap();
    assert_eq!(client.chunk(), None, "no last chunk");
    assert_eq!(proxy.line("/cut")["end"], "upstream.answer.cut");
}

#[test]
fn complete_response_followed_by_no_error_is_complete() {
    let app = Http2App::serving(async |_, mut respond| {
        let mut stream = respond.send_response(Response::new(()), false).unwrap();
        stream.send_data(Bytes::from("enough"), true).unwrap();
        // The upload is dropped unread: h2 tells the client so by RST_STREAM(NO_ERROR), after the response.
    });
    let proxy = before_h2c(&app);
    let client = Http2Client::connect(proxy.address);
    for _ in 0..20 {
        let (answer, mut upload) = client.open(client.request("POST", "/early").body(()).unwrap(), false);
        // Refused where the response and the reset have come first.
        _ = upload.send_data(Bytes::from("begun"), false);
        let reply = client.wait(answer).unwrap();
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "enough"));
        drop(upload);
    }
    proxy.lines(20, |line| line["target"] == "/early" && line["end"] == "ok");
}
