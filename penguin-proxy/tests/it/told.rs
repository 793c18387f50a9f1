//! Admin endpoints, the log and the numbers.

use serde_json::Value;

use crate::stage::{App, Client, Proxy};

#[test]
fn the_admin_port_tells_of_life_readiness_settings_and_numbers() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    proxy.ready();
    assert_eq!(proxy.get("/").status, 200);
    let admin = |target: &str| Client::connect(proxy.admin).get(target);
    assert_eq!(admin("/live").text(), "live\n");
    assert_eq!(admin("/ready").text(), "ready\n");
    let config: Value = serde_json::from_str(&admin("/config").text()).unwrap();
    assert_eq!(config["PROXY_UPSTREAM"], app.address.to_string());
    assert_eq!(admin("/elsewhere").status, 404);
    let metrics = admin("/metrics");
    assert_eq!(
        metrics.field("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(
        metrics
            .text()
            .contains("penguin_proxy_requests_total{class=\"2xx\"} 1\n"),
        "{}",
        metrics.text()
    );
    assert_eq!(proxy.metric("penguin_proxy_ready"), 1);
}

#[test]
fn the_exposition_is_well_formed() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    assert_eq!(proxy.get("/").status, 200);
    let text = Client::connect(proxy.admin).get("/metrics").text();
    let mut described = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            described.push(rest.split(' ').next().unwrap().to_owned());
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            let known = described.iter().any(|known| name.starts_with(known.as_str()));
            assert!(known, "{name} has no type");
            assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
        }
    }
    let mut unique = described.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), described.len());
}

#[test]
fn a_line_of_the_log_joins_the_logs_of_both_neighbours() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send(
        "GET /joined?q=1 HTTP/1.1\r\nHost: penguin.example\r\nX-Forwarded-For: 203.0.113.9\r\nX-Request-Id: abc-1\r\n\
         X-Amzn-Trace-Id: Root=1-2-3\r\nUser-Agent: test/1\r\n\r\n",
    );
    assert_eq!(client.reply().status, 200);
    let line = proxy.line("/joined?q=1");
    for (field, value) in [
        ("client", "203.0.113.9"),
        ("method", "GET"),
        ("host", "penguin.example"),
        ("protocol", "HTTP/1.1"),
        ("end", "ok"),
        ("request_id", "abc-1"),
        ("amzn_trace_id", "Root=1-2-3"),
        ("user_agent", "test/1"),
        ("upstream", &app.address.to_string()),
    ] {
        assert_eq!(line[field], value, "{field} in {line}");
    }
    assert_eq!((&line["status"], &line["bytes_out"]), (&200.into(), &5.into()));
    assert!(line["first_byte_ms"].as_f64().unwrap() <= line["total_ms"].as_f64().unwrap());
}

#[test]
fn a_refused_head_is_told_of_as_far_as_it_could_be_read() {
    let app = App::hello();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.head_timeout = "200ms".into();
    });
    let refused = |bytes: &[u8]| {
        let mut client = proxy.connect();
        client.send(bytes);
        client.reply().status
    };
    let head =
        b"POST /odd?a=\x1b[31m HTTP/1.1\r\nHost: shop\r\nUser-Agent: scanner/1\r\nX-Amzn-Trace-Id: Root=1-2\r\n\r\n";
    assert_eq!(refused(head), 400);
    let line = proxy.line(r"/odd?a=\x1b[31m");
    for (field, value) in [
        ("method", "POST"),
        ("host", "shop"),
        ("user_agent", "scanner/1"),
        ("amzn_trace_id", "Root=1-2"),
        ("end", "client.head.refused"),
    ] {
        assert_eq!(line[field], value, "{field} in {line}");
    }
    // Behind a good request on the same connection, and cut off by the clock.
    let mut client = proxy.connect();
    client.send("GET /good HTTP/1.1\r\nHost: a\r\n\r\nGET /late HTTP/1.1\r\nHost: b");
    assert_eq!((client.reply().status, client.reply().status), (200, 408));
    let line = proxy.line("/late");
    assert_eq!(
        (&line["method"], &line["host"]),
        (&"GET".into(), &"b".into()),
        "{line}"
    );
    assert!(line["total_ms"].as_f64().unwrap() >= 190.0, "{line}");
    // A browser that was told https speaks to a port that is not.
    assert_eq!(refused(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"), 400);
    let line = proxy.lines(1, |line| line["method"] == "-").remove(0);
    assert_eq!(
        line["error"],
        r"it begins with `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03`"
    );
}
