//! How a connection ends: told before, and without losing a request.

use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use penguin_proxy::resolver::Lookup;

use super::waiting;
use crate::stage::frames::{DATA, END_STREAM, GOAWAY, HEADERS, PREFACE, SETTINGS, frame, get, headers};
use crate::stage::http2::{Http2Client, read, soon};
use crate::stage::{App, Proxy, eventually};

#[test]
fn idle_connection_gets_goaway_and_is_closed() {
    let app = App::hello();
    let proxy = Proxy::configured(
        Lookup::system(),
        |arguments| arguments.upstream = app.address.to_string(),
        |config| config.timeouts.client_idle = Duration::from_millis(300),
    );
    let client = Http2Client::connect(proxy.address);
    assert_eq!(client.get("/").status, 200);
    client.ended().expect("a close in order");
}

#[test]
fn request_sent_after_goaway_gets_a_response() {
    let (asked, news) = mpsc::channel();
    let (go, cue) = mpsc::channel::<()>();
    let (asked, cue) = (Mutex::new(asked), Mutex::new(cue));
    let app = App::answering(move |_| {
        asked.lock().unwrap().send(()).unwrap();
        cue.lock().unwrap().recv().unwrap();
        "late".to_owned()
    });
    let proxy = Proxy::configured(
        Lookup::system(),
        |arguments| arguments.upstream = app.address.to_string(),
        |config| config.timeouts.client_idle = Duration::from_millis(300),
    );
    let mut client = proxy.connect();
    client.send([PREFACE, SETTINGS].concat());
    let farewell = client.stream_frame();
    assert_eq!((farewell.kind, farewell.code()), (GOAWAY, 0));
    let told = Instant::now();
    client.send(headers(1, true, &get("/late")));
    news.recv().unwrap();
    // Longer than an idle connection is kept after its farewell; each PING has the connection looked at again.
    while told.elapsed() < Duration::from_millis(2500) {
        client.send(frame(6, 0, 0, &[7; 8]));
        let mut frames = std::iter::from_fn(|| client.frame());
        let pong = frames.find(|frame| frame.kind == 6 && frame.flags == 1);
        assert!(pong.is_some(), "the connection goes on");
        std::thread::sleep(Duration::from_millis(50));
    }
    go.send(()).unwrap();
    let head = client.stream_frame();
    assert_eq!((head.kind, head.stream, head.payload[0]), (HEADERS, 1, 0x88));
    let data = client.stream_frame();
    assert_eq!((data.kind, &data.payload[..]), (DATA, &b"late"[..]));
    assert!(data.flags & END_STREAM != 0 || client.stream_frame().flags & END_STREAM != 0);
    while let Some(frame) = client.frame() {
        assert!(frame.kind != GOAWAY || frame.code() == 0, "{frame:?}");
    }
    assert_eq!(proxy.line("/late")["end"], "ok");
}

#[test]
fn drain_finishes_streams_and_accepts_no_more() {
    let (go, cue) = mpsc::channel::<()>();
    let cue = Mutex::new(cue);
    let app = App::scripted(move |mut connection| {
        if connection.request().is_some() {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfini");
            cue.lock().unwrap().recv().unwrap();
            connection.send("shed");
        }
    });
    let mut proxy = Proxy::before(&app);
    let client = Http2Client::connect(proxy.address);
    let (answer, _) = client.open(client.request("GET", "/last").body(()).unwrap(), true);
    let answer = client.runtime.block_on(soon(answer)).unwrap();
    let idle = Http2Client::connect(proxy.address);
    // Once it was answered the proxy has read all that came, so that nothing unread turns its close into a reset.
    let (known, _) = idle.open(idle.request("GET", "/healthz/ready").body(()).unwrap(), true);
    idle.wait(known).unwrap();
    proxy.stop();
    eventually("the client is told", || !client.takes_requests());
    idle.ended().expect("nothing is left on this one");
    assert!(!proxy.has_stopped());
    go.send(()).unwrap();
    let (body, _) = client
        .runtime
        .block_on(soon(read(&mut answer.into_body())))
        .unwrap();
    assert_eq!(body, b"finished");
    client.ended().expect("a close in order");
    proxy.stopped();
    assert_eq!(proxy.line("/last")["end"], "ok");
}

#[test]
fn drain_deadline_closes_and_logs_what_is_left() {
    let (app, news) = waiting();
    let mut proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.stop_timeout = "3s".into();
    });
    let client = Http2Client::connect(proxy.address);
    let (answer, _) = client.open(client.request("GET", "/hanging").body(()).unwrap(), true);
    assert_eq!(news.recv().unwrap(), "asked");
    proxy.stop();
    client.wait(answer).expect_err("it is never answered");
    proxy.stopped();
    assert_eq!(proxy.line("/hanging")["end"], "proxy.drain.cut");
}
