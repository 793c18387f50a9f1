//! Too much at once: a place, a seat in the queue, or a friendly no.

use std::sync::mpsc;

use crate::stage::{App, Proxy, eventually};

#[test]
fn beyond_the_queue_a_request_is_shed_and_health_is_not() {
    let (go, gate) = mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let app = App::scripted(move |mut connection| {
        while let Some(request) = connection.request() {
            if request.target() == "/slow" {
                gate.lock().unwrap().recv().unwrap();
            }
            connection.answer("200 OK", "done");
        }
    });
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.max_in_flight = "1".into();
        arguments.max_queued = "1".into();
    });
    proxy.ready();
    let mut first = proxy.connect();
    first.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    // The next one waits for its place in vain, or finds the queue full.
    eventually("the app is busy", || proxy.get("/more").status == 503);
    let shed = proxy.get("/shed");
    assert_eq!((shed.status, shed.field("retry-after")), (503, Some("1")));
    assert_eq!(proxy.line("/shed")["end"], "proxy.limit.in_flight");
    assert_eq!(proxy.get("/healthz/ready").status, 200, "load is not ill health");
    go.send(()).unwrap();
    assert_eq!(first.reply().text(), "done");
    assert_eq!(proxy.get("/after").text(), "done");
}

#[test]
fn a_client_that_floods_is_told_to_slow_down() {
    let app = App::hello();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.client_rate = "1".into();
    });
    let mut client = proxy.connect();
    let statuses: Vec<u16> = (0..200).map(|_| client.get("/").status).collect();
    assert!(statuses[..10].iter().all(|status| *status == 200), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n");
    assert_eq!(
        client.reply().status,
        200,
        "a neighbour behind the same load balancer is not to blame"
    );
}
