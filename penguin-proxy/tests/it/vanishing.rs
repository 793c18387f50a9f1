//! Addresses that swallow every packet and name servers that fail, in a network namespace: loopback cannot do it.
//!
//! Where namespaces may not be made the tests say that they are left out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use crate::stage::name_server::{NameServer, Says};
use crate::stage::network::Network;
use crate::stage::running::Running;
use crate::stage::{App, PATIENCE, eventually};

/// Far more than anything here takes, for a busy machine.
const LONG: Duration = Duration::from_secs(19);

fn v4(address: IpAddr) -> Ipv4Addr {
    match address {
        IpAddr::V4(address) => address,
        IpAddr::V6(address) => panic!("{address}"),
    }
}

fn says(network: &Network, number: u32) -> Says {
    Says::At(v4(network.outside(number)))
}

/// An app at one of the addresses outside that answers everything with `text`.
fn saying(network: &Network, number: u32, text: &'static str) -> App {
    App::at(
        SocketAddr::new(network.outside(number), 3000),
        move |mut connection| {
            while connection.request().is_some() && connection.answer("200 OK", text) {}
        },
    )
}

/// A network with a name server at its first address outside, and the proxy inside.
fn scene(
    first: impl FnOnce(&Network) -> Says,
    settings: &[(&str, &str)],
) -> Option<(Network, NameServer, Running)> {
    let network = Network::new()?;
    let names = NameServer::at(network.outside(1), first(&network));
    network.resolve_at(network.outside(1));
    let mut all = vec![("PROXY_UPSTREAM", "app.test:3000")];
    all.extend_from_slice(settings);
    let proxy = Running::inside(&network, &all);
    Some((network, names, proxy))
}

#[test]
fn lost_packets_mean_unreachable_until_they_arrive() {
    let Some(network) = Network::new() else { return };
    let address = network.outside(2);
    network.swallow(address);
    let _app = saying(&network, 2, "there");
    let upstream = format!("{address}:3000");
    let mut proxy = Running::inside(
        &network,
        &[
            ("PROXY_UPSTREAM", upstream.as_str()),
            ("PROXY_CONNECT_TIMEOUT", "200ms"),
            ("PROXY_HOLD", "500ms"),
        ],
    );
    let log = proxy.log();
    assert_eq!(proxy.connect().get("/").status, 503);
    let line = log.wait_for(1, |line| line["target"] == "/").remove(0);
    assert_eq!(line["end"], "upstream.connect.unreachable");
    let why = line["error"].as_str().unwrap();
    assert!(
        why.contains("no connection") && why.contains("within 200ms"),
        "{line}"
    );
    assert_eq!(proxy.connect().get("/healthz/ready").status, 503);
    network.restore(address);
    eventually("the proxy is ready", || {
        proxy.connect().get("/healthz/ready").status == 200
    });
    assert_eq!(proxy.connect().get("/").text(), "there");
}

/// A container that is killed on another host: no FIN, no RST, no word at all.
#[test]
fn requests_at_a_vanished_address_time_out() {
    let Some((network, names, mut proxy)) = scene(|network| says(network, 2), &[("PROXY_THREADS", "1")])
    else {
        return;
    };
    let log = proxy.log();
    let (told, asked) = mpsc::channel();
    let told = Mutex::new(told);
    // Answers once, for a connection that waits in the pool; all else is in flight.
    let _vanishing = App::at(
        SocketAddr::new(network.outside(2), 3000),
        move |mut connection| {
            while let Some(request) = connection.request() {
                told.lock().unwrap().send(()).unwrap();
                if request.target() == "/first" {
                    connection.answer("200 OK", "first");
                }
            }
        },
    );
    let _successor = saying(&network, 3, "second");
    let asked = || asked.recv_timeout(PATIENCE).unwrap();

    let [mut once, mut again, mut pooled] = [(); 3].map(|()| proxy.connect());
    once.send("POST /once HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    asked();
    again.send("GET /again HTTP/1.1\r\nHost: a\r\n\r\n");
    asked();
    assert_eq!(pooled.get("/first").text(), "first");
    asked();
    // From here on nothing arrives there. This one is sent on a connection that was good a moment ago.
    network.swallow(network.outside(2));
    let began = Instant::now();
    pooled.send("GET /pooled HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("all three are in flight", || {
        proxy.metric("penguin_proxy_requests_in_flight") == 3
    });
    names.says(says(&network, 3));

    assert_eq!(pooled.reply().text(), "second");
    assert_eq!(again.reply().text(), "second");
    assert_eq!(once.reply().status, 502);
    let took = began.elapsed();
    assert!(took < LONG, "{took:?}");
    for target in ["/pooled", "/again"] {
        let line = log.wait_for(1, |line| line["target"] == target).remove(0);
        assert_eq!(
            (&line["end"], &line["retries"]),
            (&"ok".into(), &1.into()),
            "{line}"
        );
        eprintln!("figure: {target}: {} ms", line["total_ms"]);
    }
    let line = log.wait_for(1, |line| line["target"] == "/once").remove(0);
    assert_eq!(
        (&line["end"], &line["retries"]),
        (&"upstream.wait.closed".into(), &0.into())
    );
    assert!(line["error"].as_str().unwrap().contains("timed out"), "{line}");
}

#[test]
fn failing_name_server_keeps_the_last_addresses() {
    let Some((network, names, proxy)) = scene(|network| says(network, 2), &[]) else {
        return;
    };
    let _app = saying(&network, 2, "first");
    let _successor = saying(&network, 3, "second");
    let mut client = proxy.connect();
    assert_eq!(client.get("/").text(), "first");
    for trouble in [Says::Failure, Says::NoSuchName, Says::Nothing] {
        names.says(trouble.clone());
        let failures = || proxy.metric("penguin_proxy_resolution_failures_total");
        let before = failures();
        eventually("a lookup has failed", || failures() > before);
        for _ in 0..20 {
            assert_eq!(client.get("/").text(), "first", "{trouble:?}");
        }
        assert_eq!(proxy.metric("penguin_proxy_ready"), 1, "{trouble:?}");
    }
    names.says(says(&network, 3));
    eventually("the new address is used", || client.get("/").text() == "second");
    // Each outage is told of once at its begin and once at its end, however many lookups failed.
    eventually("begin and end of the trouble are told", || {
        let said = proxy.said();
        let count = |what| said.matches(what).count();
        let (began, ended) = (
            count("DNS lookup of app.test failed"),
            count("DNS lookup of app.test works again"),
        );
        began == ended && began > 0
    });
}

#[test]
fn silent_name_server_at_start_is_retried() {
    let Some((network, names, proxy)) = scene(|_| Says::Nothing, &[("PROXY_HOLD", "1m")]) else {
        return;
    };
    let _app = saying(&network, 2, "there");
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("a lookup has hung", || {
        proxy.metric("penguin_proxy_resolution_failures_total") > 0
    });
    let health = proxy.connect().get("/healthz/ready");
    assert_eq!(health.status, 503, "{}", health.text());
    names.says(says(&network, 2));
    assert_eq!(client.reply().text(), "there");
}

/// 300 local ports, and a request each that must not be sent twice.
#[test]
fn posts_do_not_exhaust_local_ports() {
    let Some(network) = Network::new() else { return };
    let ports = "echo 40000 40299 > /proc/sys/net/ipv4/ip_local_port_range";
    assert!(
        network
            .command()
            .args(["sh", "-c", ports])
            .status()
            .unwrap()
            .success()
    );
    let _app = saying(&network, 2, "there");
    let upstream = format!("{}:3000", network.outside(2));
    let proxy = Running::inside(
        &network,
        &[("PROXY_UPSTREAM", upstream.as_str()), ("PROXY_THREADS", "1")],
    );
    let mut client = proxy.connect();
    for number in 0..1000 {
        client.send("POST /once HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!(client.reply().status, 200, "POST {number}");
    }
}
