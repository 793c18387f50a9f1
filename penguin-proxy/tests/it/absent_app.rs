//! The app is late, moves, dies, is silent, or talks nonsense.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use penguin_proxy::upstream::Lookup;

use crate::stage::{App, Client, Proxy, eventually};

/// A free port, and nobody there.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

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
fn requests_are_held_until_the_app_is_there() {
    let address = nobody();
    let proxy = Proxy::with(|arguments| arguments.upstream = address.to_string());
    let mut early = proxy.connect();
    early.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    eventually("the request is held", || proxy.metric("penguin_proxy_held") == 1);
    let not_ready = proxy.get("/healthz/ready");
    assert_eq!(
        (not_ready.status, not_ready.text().as_str()),
        (503, "not ready: the app has not answered yet\n")
    );
    let _app = App::at(address, say("at last"));
    assert_eq!(early.reply().text(), "at last");
    proxy.ready();
    assert_eq!(proxy.metric("penguin_proxy_held"), 0);
}

#[test]
fn an_app_that_never_comes_is_told_of_with_503() {
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = nobody().to_string();
        arguments.hold = "200ms".into();
    });
    let reply = proxy.get("/");
    assert_eq!((reply.status, reply.field("retry-after")), (503, Some("1")));
    let line = proxy.line("/");
    assert_eq!(line["end"], "upstream.connect.unreachable");
    assert!(line["error"].as_str().unwrap().contains("refused"), "{line}");
}

#[test]
fn only_so_many_requests_are_held() {
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = nobody().to_string();
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
fn an_app_that_moved_is_found_again() {
    let names = Names::default();
    let first = App::at("127.0.0.2:0".parse().unwrap(), say("first"));
    names.now(&[first.address]);
    let proxy = Proxy::resolving(names.lookup(), |arguments| arguments.upstream = "app:3000".into());
    assert_eq!(proxy.get("/").text(), "first");
    drop(first);
    let second = App::at("127.0.0.3:0".parse().unwrap(), say("second"));
    names.now(&[second.address]);
    let began = std::time::Instant::now();
    assert_eq!(proxy.get("/").text(), "second");
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "found again after {:?}",
        began.elapsed()
    );
}

#[test]
fn an_address_that_left_is_not_used_even_if_somebody_answers_there() {
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

#[test]
fn an_address_that_swallows_everything_is_given_up_when_the_name_moves() {
    // A listener whose queue is full answers no SYN any more.
    let hole = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    hole.bind(&"127.0.0.4:0".parse::<SocketAddr>().unwrap().into())
        .unwrap();
    hole.listen(0).unwrap();
    let hole_address = hole.local_addr().unwrap().as_socket().unwrap();
    let full: Vec<TcpStream> = (0..4)
        .filter_map(|_| TcpStream::connect_timeout(&hole_address, Duration::from_millis(100)).ok())
        .collect();
    assert!(full.len() < 4, "the queue is not full");

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
fn a_name_that_cannot_be_resolved_at_start_is_not_an_end() {
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
fn nothing_but_200_while_the_app_is_killed_and_recreated_elsewhere() {
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

/// Reads requests and closes, this often; then answers.
fn closing_first(times: usize, seen: &Arc<AtomicUsize>) -> App {
    let seen = Arc::clone(seen);
    App::scripted(move |mut connection| {
        while connection.request().is_some() {
            if seen.fetch_add(1, Ordering::SeqCst) < times {
                return;
            }
            connection.answer("200 OK", "ok");
        }
    })
}

#[test]
fn a_get_is_sent_again_when_its_connection_dies_unanswered() {
    let seen = Arc::default();
    let app = closing_first(1, &seen);
    let proxy = Proxy::before(&app);
    assert_eq!(proxy.get("/").status, 200);
    assert_eq!(proxy.line("/")["retries"], 1);
    assert_eq!(proxy.metric("penguin_proxy_retries_total"), 1);
}

#[test]
fn many_idle_connections_that_died_together_cost_no_request() {
    let app = App::hello();
    let address = app.address;
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
fn a_get_is_not_sent_for_ever() {
    let seen = Arc::default();
    let app = closing_first(usize::MAX, &seen);
    let proxy = Proxy::before(&app);
    assert_eq!(proxy.get("/").status, 502);
    assert_eq!(seen.load(Ordering::SeqCst), 3);
    assert_eq!(proxy.line("/")["end"], "upstream.wait.closed");
}

#[test]
fn a_post_is_sent_once() {
    let seen = Arc::default();
    let app = closing_first(1, &seen);
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(client.reply().status, 502);
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[test]
fn a_status_is_never_a_reason_to_try_again() {
    let seen: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&seen);
    let app = App::scripted(move |mut connection| {
        while connection.request().is_some() {
            counted.fetch_add(1, Ordering::SeqCst);
            connection.answer("503 Service Unavailable", "busy");
        }
    });
    let proxy = Proxy::before(&app);
    assert_eq!(proxy.get("/").text(), "busy");
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

/// An app that sends these bytes for every request and closes.
fn saying(bytes: &'static str) -> App {
    App::scripted(move |mut connection| {
        if connection.request().is_some() {
            connection.send(bytes);
        }
    })
}

#[test]
fn nonsense_and_half_a_head_are_502() {
    for (bytes, end) in [
        ("SSH-2.0-OpenSSH_9.2\r\n", "upstream.head.malformed"),
        ("HTTP/1.1 200 OK\r\nContent-Le", "upstream.wait.closed"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "upstream.head.malformed",
        ),
    ] {
        let app = saying(bytes);
        let proxy = Proxy::before(&app);
        assert_eq!(proxy.get("/").status, 502, "{bytes}");
        assert_eq!(proxy.line("/")["end"], end, "{bytes}");
    }
}

#[test]
fn an_answer_that_breaks_off_is_never_presented_as_complete() {
    for bytes in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let app = saying(bytes);
        let proxy = Proxy::before(&app);
        let mut modern = proxy.connect();
        modern.send("GET /1.1 HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(modern.head().unwrap().starts_with("HTTP/1.1 200"));
        let body = modern.rest().unwrap_or_default();
        assert!(
            !body.ends_with(b"0\r\n\r\n"),
            "{}",
            String::from_utf8_lossy(&body)
        );
        assert_eq!(proxy.line("/1.1")["end"], "upstream.answer.cut");
        let mut old = proxy.connect();
        old.send("GET /1.0 HTTP/1.0\r\n\r\n");
        if !old
            .head()
            .unwrap()
            .to_ascii_lowercase()
            .contains("content-length")
        {
            assert_eq!(
                old.rest(),
                None,
                "only a reset tells this client that the answer is not complete"
            );
        }
        assert_eq!(proxy.line("/1.0")["end"], "upstream.answer.cut");
    }
}

#[test]
fn a_silent_app_is_504() {
    let app = App::scripted(|mut connection| {
        connection.request();
        connection.closed();
    });
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.first_byte_timeout = "200ms".into();
    });
    assert_eq!(proxy.get("/").status, 504);
    assert_eq!(proxy.line("/")["end"], "upstream.wait.timeout");
    let mut client = proxy.connect();
    client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(client.reply().status, 504);
}

#[test]
fn connections_that_the_app_closed_while_idle_cost_nothing() {
    let app = App::scripted(|mut connection| {
        if connection.request().is_some() {
            connection.answer("200 OK", "ok");
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    for _ in 0..20 {
        assert_eq!(client.get("/").status, 200);
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!(client.reply().status, 200);
    }
}

#[test]
fn an_answer_before_the_end_of_the_upload_arrives() {
    let app = App::scripted(|mut connection| {
        connection.head();
        connection.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nConnection: close\r\n\r\nwho?");
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n");
    client.send(vec![b'x'; 100_000]);
    let reply = client.reply();
    assert_eq!((reply.status, reply.text().as_str()), (401, "who?"));
    assert_eq!(reply.field("connection"), Some("close"));
}
