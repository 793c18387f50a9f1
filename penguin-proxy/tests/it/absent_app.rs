//! The app is late, moves, dies, or does not take connections: requests are held, and found their way when it is back.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use penguin_proxy::resolver::Lookup;

use crate::stage::{App, Client, Proxy, eventually};
use crate::vacant::vacant;

/// A name whose address the test changes.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<Vec<SocketAddr>>>);

impl Names {
    fn now(&self, addresses: &[SocketAddr]) {
        *self.0.lock().unwrap() = addresses.to_vec();
    }

    fn lookup(&self) -> Lookup {
        let names = self.clone();
        Lookup::with(move |name, _| {
            assert_eq!(name, "app");
            Ok(names.0.lock().unwrap().clone())
        })
    }
}

fn say(text: &'static str) -> impl Fn(crate::stage::app::Connection) + Send + Sync {
    move |mut connection| while connection.request().is_some() && connection.answer("200 OK", text) {}
}

#[test]
fn requests_wait_until_the_app_is_reachable() {
    let address = vacant();
    let proxy = Proxy::with(|arguments| arguments.upstream = address.to_string());
    let mut early = proxy.connect();
    early.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    eventually("the request is held", || proxy.metric("penguin_proxy_held") == 1);
    let not_ready = proxy.get("/healthz/ready");
    assert_eq!(
        (not_ready.status, not_ready.text().as_str()),
        (503, "not ready: the app has not been reachable yet\n")
    );
    let _app = App::at(address, say("at last"));
    assert_eq!(early.reply().text(), "at last");
    proxy.ready();
    assert_eq!(proxy.metric("penguin_proxy_held"), 0);
}

#[test]
fn unreachable_app_is_503() {
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = vacant().to_string();
        arguments.hold = "200ms".into();
    });
    let reply = proxy.get("/");
    assert_eq!((reply.status, reply.field("retry-after")), (503, Some("1")));
    let line = proxy.line("/");
    assert_eq!(line["end"], "upstream.connect.unreachable");
    assert!(line["error"].as_str().unwrap().contains("refused"), "{line}");
}

#[test]
fn waiting_requests_are_bounded() {
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = vacant().to_string();
        arguments.hold = "1m".into();
        arguments.max_held = "2".into();
    });
    let mut held: Vec<Client> = (0..2).map(|_| proxy.connect()).collect();
    for client in &mut held {
        client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    eventually("two are held", || proxy.metric("penguin_proxy_held") == 2);
    assert_eq!(proxy.get("/third").status, 503);
    assert_eq!(proxy.line("/third")["end"], "proxy.hold.full");
}

#[test]
fn moved_app_is_found() {
    let names = Names::default();
    let first = App::at("127.0.0.2:0".parse().unwrap(), say("first"));
    names.now(&[first.address]);
    let proxy = Proxy::resolving(names.lookup(), |arguments| arguments.upstream = "app:3000".into());
    assert_eq!(proxy.get("/").text(), "first");
    drop(first);
    let second = App::at("127.0.0.3:0".parse().unwrap(), say("second"));
    names.now(&[second.address]);
    // A request is held for 5 s: it is not answered before the name is resolved again.
    assert_eq!(proxy.get("/").text(), "second");
}

#[test]
fn removed_address_is_not_used() {
    let names = Names::default();
    let stranger = App::at("127.0.0.2:0".parse().unwrap(), say("stranger"));
    let app = App::at("127.0.0.3:0".parse().unwrap(), say("app"));
    names.now(&[stranger.address]);
    let proxy = Proxy::resolving(names.lookup(), |arguments| {
        arguments.upstream = "app:3000".into();
        arguments.upstream_idle = "1m".into();
    });
    let mut client = proxy.connect();
    assert_eq!(client.get("/").text(), "stranger");
    names.now(&[app.address]);
    eventually("the new address is used", || client.get("/").text() == "app");
    assert!((0..50).all(|_| client.get("/").text() == "app"));
}

/// A listener that accepts nothing, and whose queue is short.
pub(crate) fn never_accepting() -> socket2::Socket {
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let address: SocketAddr = "127.0.0.4:0".parse().unwrap();
    listener.bind(&address.into()).unwrap();
    listener.listen(0).unwrap();
    listener
}

/// Fills its queue: from then on it answers no SYN any more.
pub(crate) fn fill(listener: &socket2::Socket) -> Vec<TcpStream> {
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let full: Vec<TcpStream> = (0..4)
        .filter_map(|_| TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok())
        .collect();
    assert!(full.len() < 4, "the queue is not full");
    full
}

#[test]
fn unresponsive_address_is_given_up_when_dns_changes() {
    let hole = never_accepting();
    let _full = fill(&hole);
    let hole_address = hole.local_addr().unwrap().as_socket().unwrap();
    let names = Names::default();
    names.now(&[hole_address]);
    let proxy = Proxy::resolving(names.lookup(), |arguments| {
        arguments.upstream = "app:3000".into();
        arguments.connect_timeout = "10m".into();
        arguments.hold = "10m".into();
    });
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("the request is on its way", || {
        proxy.metric("penguin_proxy_requests_in_flight") == 1
    });
    let app = App::hello();
    names.now(&[app.address]);
    assert_eq!(client.reply().text(), "hello");
}

#[test]
fn dns_failure_at_start_is_retried() {
    let names = Names::default();
    let proxy = Proxy::resolving(names.lookup(), |arguments| arguments.upstream = "app:3000".into());
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("it was asked for", || {
        proxy.metric("penguin_proxy_resolution_failures_total") > 0
    });
    let app = App::hello();
    names.now(&[app.address]);
    assert_eq!(client.reply().text(), "hello");
}

#[test]
fn only_200_while_the_app_is_recreated_elsewhere() {
    let names = Names::default();
    let slowly = |mut connection: crate::stage::app::Connection| {
        while connection.request().is_some() {
            std::thread::sleep(Duration::from_millis(5));
            if !connection.answer("200 OK", "ok") {
                return;
            }
        }
    };
    let first = App::at("127.0.0.2:0".parse().unwrap(), slowly);
    names.now(&[first.address]);
    let proxy = Proxy::resolving(names.lookup(), |arguments| arguments.upstream = "app:3000".into());
    let (over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = proxy.connect();
                    let mut statuses = Vec::new();
                    while !over.load(Ordering::SeqCst) {
                        statuses.push(client.get("/").status);
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                    statuses
                })
            })
            .collect();
        let progress = |what: &str| {
            let before = answered.load(Ordering::SeqCst);
            eventually(what, || answered.load(Ordering::SeqCst) > before + 50);
        };
        progress("requests are answered by the first");
        drop(first);
        let second = App::at("127.0.0.3:0".parse().unwrap(), slowly);
        names.now(&[second.address]);
        progress("requests are answered by the second");
        drop(second);
        let third = App::at("127.0.0.4:0".parse().unwrap(), slowly);
        names.now(&[third.address]);
        progress("requests are answered by the third");
        over.store(true, Ordering::SeqCst);
        let statuses: Vec<u16> = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect();
        let others: Vec<_> = statuses.iter().filter(|status| **status != 200).collect();
        assert!(others.is_empty(), "{others:?} of {}", statuses.len());
    });
}

#[test]
fn many_closed_idle_connections_lose_no_request() {
    let address = vacant();
    let app = App::at(address, say("hello"));
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = address.to_string();
        arguments.upstream_idle = "1m".into();
        arguments.threads = "1".into();
    });
    // As many idle connections as there are requests at once.
    let mut clients: Vec<Client> = (0..8).map(|_| proxy.connect()).collect();
    for client in &mut clients {
        client.send("GET /warm HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for client in &mut clients {
        assert_eq!(client.reply().status, 200);
    }
    drop(app);
    for client in &mut clients {
        client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    let _app = App::at(address, say("again"));
    for client in &mut clients {
        assert_eq!(client.reply().text(), "again");
    }
}

#[test]
fn browser_gets_the_site_error_page_and_a_neutral_one_without_it() {
    for (page, heading) in [
        (
            concat!(env!("CARGO_MANIFEST_DIR"), "/error-page.html"),
            "<h1>Something slipped on the ice</h1>",
        ),
        ("off", "<h1>Service Unavailable</h1>"),
    ] {
        let proxy = Proxy::with(|arguments| {
            arguments.upstream = "127.0.0.1:1".into();
            arguments.hold = "0s".into();
            arguments.error_page = page.into();
        });
        let mut client = proxy.connect();
        client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nX-Request-Id: id-1\r\n\r\n");
        let reply = client.reply();
        let text = reply.text();
        assert_eq!(reply.status, 503, "{text}");
        assert!(
            text.contains(heading) && text.contains("request <code>id-1</code>"),
            "{text}"
        );
    }
}

#[test]
fn name_that_resolves_to_the_proxy_is_508() {
    let names = Names::default();
    let address = vacant();
    names.now(&[address]);
    let proxy = Proxy::resolving(names.lookup(), |arguments| {
        arguments.listen = address.to_string();
        arguments.upstream = format!("app:{}", address.port());
    });
    assert_eq!(proxy.get("/round").status, 508);
    let lines = proxy.lines(2, |line| line["target"] == "/round");
    let looped: Vec<_> = lines.iter().filter(|line| line["end"] == "proxy.loop").collect();
    assert_eq!(
        (lines.len(), looped.len()),
        (2, 1),
        "it went round once: {lines:?}"
    );
    assert_eq!(looped[0]["rule"], "forwarding-loop");
}

#[test]
fn two_proxies_in_a_row_are_no_loop() {
    let app = App::hello();
    let inner = Proxy::before(&app);
    let outer = Proxy::with(|arguments| arguments.upstream = inner.address.to_string());
    assert_eq!(outer.get("/").text(), "hello");
}
