//! What connections hold while nothing happens on them.

use crate::stage::{App, Client, Proxy, eventually};

const RESTING: &str = "penguin_proxy_client_connections_resting";

/// Every used connection lets go of hyper, and with it of all buffers. What such a connection still holds, unit tests of
/// `connection` say; what the kernel shows of it, `bench/run` measures.
#[test]
fn connections_that_were_used_hibernate() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    let clients: Vec<Client> = (0..100)
        .map(|_| {
            let mut client = proxy.connect();
            assert_eq!(client.get("/").status, 200);
            client
        })
        .collect();
    eventually("all of them rest", || {
        proxy.metric(RESTING) == clients.len() as u64
    });
}

#[test]
fn connection_without_a_request_hibernates() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    proxy.ready();
    let _silent: Vec<Client> = (0..20).map(|_| proxy.connect()).collect();
    eventually("they rest", || proxy.metric(RESTING) >= 20);
}

#[test]
fn hibernated_connection_is_served() {
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
