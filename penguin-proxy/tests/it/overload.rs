//! Too much at once: a place, a seat in the queue, or a friendly no.

use std::sync::mpsc;

use crate::stage::running::Running;
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

/// Many hosts give a process 1,024 descriptors. Here there are 256, and 300 clients.
#[test]
fn descriptors_that_run_out_turn_clients_away_and_not_the_load_balancer() {
    let (go, gate) = mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let app = App::scripted(move |mut connection| {
        while connection.request().is_some() {
            // Ends with the sender: all are answered at once.
            let _ended = gate.lock().unwrap().recv();
            connection.answer("200 OK", "done");
        }
    });
    let proxy = Running::confined(&app, 256, &[("PROXY_THREADS", "2")]);
    eventually("it is ready", || {
        proxy.connect().get("/healthz/ready").status == 200
    });
    let mut health = proxy.connect();
    assert_eq!(health.get("/healthz/ready").status, 200);
    let mut clients: Vec<_> = (0..300).map(|_| proxy.connect()).collect();
    for client in &mut clients {
        client.try_send("GET /busy HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    let refused = || proxy.metric("penguin_proxy_client_connections_refused_total");
    eventually("clients are turned away", || refused() >= 200);
    let busy = || proxy.metric("penguin_proxy_requests_in_flight");
    eventually("others are with the app", || busy() >= 50);
    assert_eq!(health.get("/healthz/ready").text(), "ready\n");
    eventually(
        "the load balancer comes through on a new connection as well",
        || {
            let mut probe = proxy.connect();
            probe.try_send("GET /healthz/ready HTTP/1.1\r\nHost: a\r\n\r\n")
                && probe.reply_to("GET").is_some_and(|reply| reply.status == 200)
        },
    );
    let failures = proxy.metric("penguin_proxy_upstream_connect_failures_total");
    assert_eq!(failures, 0, "whoever was let in can be passed on");
    drop(go);
    let answered = clients
        .iter_mut()
        .filter_map(|client| client.reply_to("GET"))
        .filter(|reply| reply.status == 200);
    assert!(answered.count() >= 50);
    assert!(
        proxy.said().contains("PROXY_MAX_CONNECTIONS=10000"),
        "{}",
        proxy.said()
    );
    assert!(!proxy.said().contains("cannot accept"), "{}", proxy.said());
}
