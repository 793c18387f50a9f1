//! What connections hold while nothing happens on them.

use crate::stage::running::Running;
use crate::stage::{App, Client, Proxy, eventually};

const RESTING: &str = "penguin_proxy_client_connections_resting";

/// Connections of the measurement: as many as the usual limit of descriptors leaves room for.
const CONNECTIONS: usize = 400;
/// KiB of resident memory that one of them may hold. Buffers for a head and an answer alone would be 16.
const EACH: u64 = 5;

/// Connections that have each been answered once.
fn used(proxy: &Running, count: usize) -> Vec<Client> {
    let clients = (0..count).map(|_| {
        let mut client = proxy.connect();
        assert_eq!(client.get("/").status, 200);
        client
    });
    clients.collect()
}

#[test]
fn a_connection_without_a_request_holds_next_to_nothing() {
    let app = App::hello();
    let mut proxy = Running::start(&app, &[("PROXY_THREADS", "2")]);
    let _read = proxy.log();
    let some = used(&proxy, 50);
    eventually("they rest", || proxy.metric(RESTING) == some.len() as u64);
    let before = proxy.resident();
    let more = used(&proxy, CONNECTIONS);
    let all = (some.len() + more.len()) as u64;
    eventually("all of them rest", || proxy.metric(RESTING) == all);
    let mut held = u64::MAX;
    eventually("their memory is given back", || {
        held = proxy.resident().saturating_sub(before) / CONNECTIONS as u64;
        // The request for the number gives the allocator a reason to tidy up.
        proxy.metric(RESTING) == all && held <= EACH
    });
    eprintln!("figure: {held} KiB for each of {CONNECTIONS} idle connections, {before} KiB before");
}

#[test]
fn a_connection_that_never_asks_rests() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    proxy.ready();
    let _silent: Vec<Client> = (0..20).map(|_| proxy.connect()).collect();
    eventually("they rest", || proxy.metric(RESTING) >= 20);
}

#[test]
fn a_connection_that_rested_is_served_as_before() {
    let app = App::answering(|request| request.target().to_owned());
    let mut proxy = Proxy::on_one_thread(&app);
    let mut fresh = proxy.connect();
    let mut used = proxy.connect();
    let mut left = proxy.connect();
    for round in 0..3 {
        assert_eq!(used.get(&format!("/{round}")).text(), format!("/{round}"));
        assert_eq!(left.get("/").status, 200);
        eventually("all rest", || proxy.metric(RESTING) == 3);
    }
    used.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHo");
    assert_eq!(used.reply().text(), "/a");
    used.send("st: a\r\n\r\n");
    assert_eq!(used.reply().text(), "/b");
    left.finish_sending();
    assert!(left.is_closed());
    proxy.stop();
    eventually("the proxy is closing", || {
        proxy.metric("penguin_proxy_drain_phase") == 2
    });
    for client in [&mut fresh, &mut used] {
        assert_eq!(client.get("/last").text(), "/last", "one last request each");
    }
    drop((fresh, used));
    proxy.stopped();
}
