//! Admin endpoints, the log and the numbers.

use serde_json::Value;

use crate::stage::{App, Client, Proxy};

#[test]
fn admin_port_endpoints() {
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
fn metrics_exposition_is_well_formed() {
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
fn log_line_has_the_ids_of_load_balancer_and_app() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send(
        "GET /joined?q=1 HTTP/1.1\r\nHost: penguin.example\r\nX-Forwarded-For: 203.0.113.9\r\nX-Request-Id: abc-1\r\n\
         X-Amzn-Trace-Id: Root=1-2-3\r\nUser-Agent: test/1\r\n\r\n",
    );
    assert_eq!(client.reply().status, 200);
    let line = proxy.line("/joined?q=*");
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
fn rejected_head_is_logged_as_far_as_it_could_be_read() {
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
    let line = proxy.line("/odd?a=*");
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
        r"request begins with `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03`"
    );
}

#[test]
fn query_strings_are_logged_as_configured() {
    let app = App::hello();
    for (mode, shown) in [
        ("keep", "/reset?token=s3cret"),
        ("redact", "/reset?token=*"),
        ("drop", "/reset"),
    ] {
        let proxy = Proxy::with(|arguments| {
            arguments.upstream = app.address.to_string();
            arguments.log_query = mode.into();
        });
        assert_eq!(proxy.get("/reset?token=s3cret").status, 200);
        assert_eq!(proxy.line(shown)["status"], 200, "{mode}");
    }
}

#[test]
fn longest_log_line_is_bounded_and_valid() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    let (target, agent) = ("/a%22".repeat(3000), "\"\\".repeat(4000));
    client.send(format!(
        "GET {target} HTTP/1.1\r\nHost: a\r\nUser-Agent: {agent}\r\nX-Amzn-Trace-Id: {}\r\n\r\n",
        "x".repeat(4000)
    ));
    assert_eq!(client.reply().status, 200);
    let line = proxy.lines(1, |line| line["amzn_trace_id"].is_string()).remove(0);
    assert!(line.to_string().len() < 8 * 1024, "{}", line.to_string().len());
    for (field, whole) in [("target", target), ("user_agent", agent)] {
        let kept = line[field].as_str().unwrap().strip_suffix('…').unwrap();
        assert!(whole.starts_with(kept) && kept.len() > 400, "{field}: {kept}");
    }
}

#[test]
fn dropped_headers_are_logged() {
    let app = App::answering(|request| {
        let shown = |name| request.field(name).unwrap_or("-");
        format!("{} {}", shown("x-forwarded-prefix"), shown("trace_id"))
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send(
        "GET /named HTTP/1.1\r\nHost: a\r\nX-Forwarded-Prefix: /shop\r\ntrace_id: 1\r\nX-Original-URL: /x\r\n\r\n",
    );
    assert_eq!(client.reply().text(), "/shop -");
    assert_eq!(proxy.line("/named")["dropped"], "trace_id, x-original-url");
    assert_eq!(client.get("/plain").status, 200);
    assert_eq!(proxy.line("/plain").get("dropped"), None);
}

#[test]
fn metrics_explain_a_502() {
    let app = App::scripted(|mut connection| {
        if let Some(request) = connection.request() {
            match request.target() {
                "/nonsense" => connection.send("SSH-2.0-OpenSSH\r\n\r\n"),
                "/large" => connection.send(format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "x".repeat(80_000))),
                _ => true,
            };
        }
    });
    let proxy = Proxy::before(&app);
    for target in ["/nonsense", "/large", "/closed"] {
        let mut client = proxy.connect();
        client.send(format!(
            "POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
        ));
        assert_eq!(client.reply().status, 502, "{target}");
    }
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
    assert_eq!(client.reply().status, 400);
    let ended = |end: &str| proxy.metric(&format!("penguin_proxy_ends_total{{end=\"{end}\"}}"));
    // A request is counted once its answer is on its way to the last byte.
    crate::stage::eventually("all are counted", || {
        proxy.metric("penguin_proxy_ends_total") == 4
    });
    assert_eq!(
        [
            "upstream.head.malformed",
            "upstream.head.too_large",
            "upstream.wait.closed",
            "client.head.refused"
        ]
        .map(ended),
        [1, 1, 1, 1]
    );
    assert_eq!(
        proxy.metric("penguin_proxy_refusals_total{rule=\"host-syntax\"}"),
        1
    );
    assert_eq!(proxy.metric("penguin_proxy_refusals_total"), 1);
    assert!(proxy.metric("process_open_fds") > 3);
}
