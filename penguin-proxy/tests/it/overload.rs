//! Too much at once: a place, a seat in the queue, or a friendly no.

use std::sync::mpsc;

use crate::stage::running::Running;
use crate::stage::{App, Proxy, eventually};

#[test]
fn requests_beyond_the_queue_get_503_and_health_checks_pass() {
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
fn flooding_client_gets_429() {
    let app = App::hello();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.client_rate = "1".into();
    });
    let mut client = proxy.connect();
    let replies: Vec<_> = (0..200).map(|_| client.get("/")).collect();
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    assert!(statuses[..10].iter().all(|status| *status == 200), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    // Two hundred within a moment fill the next window of 10 s too, so that only its end has room.
    let told = replies.iter().filter_map(|reply| reply.field("retry-after"));
    let waits: Vec<u64> = told.map(|seconds| seconds.parse().unwrap()).collect();
    assert_eq!(
        waits.len(),
        statuses.iter().filter(|status| **status == 429).count()
    );
    assert!(waits.iter().all(|wait| (1..=20).contains(wait)), "{waits:?}");
    assert!(waits.last() > Some(&1), "{waits:?}");
    let limited = proxy.metric("penguin_proxy_sheds_total{reason=\"rate\"}");
    assert_eq!(limited, waits.len() as u64);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n");
    assert_eq!(
        client.reply().status,
        200,
        "a neighbour behind the same load balancer is not to blame"
    );
}

/// Many hosts give a process 1,024 descriptors. Here there are 256, and 300 clients.
#[test]
fn descriptor_shortage_rejects_clients_but_not_health_checks() {
    let (go, gate) = mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let app = App::scripted(move |mut connection| {
        while connection.request().is_some() {
            // Ends with the sender: all are answered at once.
            let _ended = gate.lock().unwrap().recv();
            connection.answer("200 OK", "done");
        }
    });
    let settings = [("PROXY_THREADS", "2"), ("PROXY_MAX_CONNECTIONS", "10000")];
    let proxy = Running::confined(&app, 256, &settings);
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

#[test]
fn few_descriptors_are_no_warning_without_max_connections() {
    let app = App::hello();
    let proxy = Running::confined(&app, 256, &[]);
    let said = proxy.said();
    assert!(
        said.contains("limited by file descriptors") && !said.contains("WARN"),
        "{said}"
    );
}
