//! How a connection ends: told before, and without losing a request.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use penguin_proxy::upstream::Lookup;

use super::waiting;
use crate::stage::http2::{Http2Client, read, soon};
use crate::stage::{App, Proxy, eventually};

#[test]
fn an_idle_connection_is_told_farewell_and_closed() {
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
fn a_stop_lets_streams_finish_and_takes_no_more() {
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
fn what_is_left_at_the_bound_is_cut_and_told() {
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
