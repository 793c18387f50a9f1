//! What is passed on, and how it looks on the other side.

use crate::stage::{App, Client, Proxy, eventually};

#[test]
fn request_and_response() {
    let app = App::answering(|request| format!("{}\n{}", request.line, request.field("host").unwrap()));
    let proxy = Proxy::before(&app);
    let reply = proxy.get("/a/b?c=%20d");
    assert_eq!(
        (reply.status, reply.text().as_str()),
        (200, "GET /a/b?c=%20d HTTP/1.1\npenguin.example")
    );
}

#[test]
fn bodies_of_both_kinds_reach_the_app() {
    let app = App::answering(|request| String::from_utf8(request.body.clone()).unwrap());
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("POST /known HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nknown");
    assert_eq!(client.reply().text(), "known");
    client.send("POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nchu\r\n4\r\nnked\r\n0\r\n\r\n");
    assert_eq!(client.reply().text(), "chunked");
    assert_eq!(proxy.line("/chunked")["bytes_in"], 7);
}

#[test]
fn trailers_without_trailer_header_pass() {
    let app = App::answering(|request| String::from_utf8(request.body.clone()).unwrap());
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 7\r\nHost: b\r\n\r\n",
    );
    assert_eq!(
        client.reply().text(),
        "bodyx-sum: 7\r\n",
        "and what would change the request is left out"
    );
}

#[test]
fn custom_reason_phrase_is_kept() {
    let app = App::scripted(|mut connection| {
        while connection.request().is_some() {
            connection.answer("299 Fine so far", "ok");
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.head().unwrap();
    assert!(head.starts_with("HTTP/1.1 299 Fine so far\r\n"), "{head}");
}

#[test]
fn bodiless_responses_have_no_body() {
    let app = App::scripted(|mut connection| {
        while let Some(request) = connection.head() {
            let sent = match request.target() {
                "/head" => connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
                "/304" => connection.send("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"),
                "/204" => connection.send("HTTP/1.1 204 No Content\r\n\r\n"),
                _ => connection.answer("200 OK", "end"),
            };
            assert!(sent);
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.reply_to("HEAD").unwrap();
    assert_eq!((head.status, head.field("content-length")), (200, Some("1000")));
    assert_eq!(client.get("/304").field("etag"), Some("\"x\""));
    assert_eq!(client.get("/204").status, 204);
    assert_eq!(client.get("/end").text(), "end", "all four on one connection");
    assert_eq!(proxy.line("/head")["end"], "ok");
}

#[test]
fn ranges_pass_unchanged() {
    let app = App::scripted(|mut connection| {
        while let Some(request) = connection.request() {
            assert_eq!(request.field("range"), Some("bytes=0-1"));
            connection.send(
                "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/5\r\nContent-Length: 2\r\n\r\nhe",
            );
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n");
    let reply = client.reply();
    assert_eq!(
        (reply.status, reply.field("content-range"), reply.text().as_str()),
        (206, Some("bytes 0-1/5"), "he")
    );
}

#[test]
fn http_1_0_clients_get_http_1_0_responses() {
    let app = App::scripted(|mut connection| {
        while let Some(request) = connection.request() {
            assert!(request.line.ends_with("HTTP/1.1"), "{}", request.line);
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    let reply = client.reply();
    assert!(reply.head.starts_with("HTTP/1.0 200"), "{}", reply.head);
    assert_eq!(reply.field("transfer-encoding"), None);
    assert_eq!(reply.text(), "hello");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let app = App::answering(|request| request.target().to_owned());
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    let answers: Vec<_> = (0..3).map(|_| client.reply().text()).collect();
    assert_eq!(answers, ["/1", "/2", "/3"]);
}

#[test]
fn large_response_head_passes_and_huge_one_is_502() {
    let app = App::scripted(|mut connection| {
        while let Some(request) = connection.request() {
            let size: usize = request.target()[1..].parse().unwrap();
            connection.send(format!(
                "HTTP/1.1 200 OK\r\nX-Large: {}\r\nContent-Length: 2\r\n\r\nok",
                "x".repeat(size)
            ));
        }
    });
    let proxy = Proxy::before(&app);
    let reply = proxy.get("/60000");
    assert_eq!(
        (reply.status, reply.field("x-large").map(str::len)),
        (200, Some(60_000))
    );
    let reply = proxy.get("/70000");
    assert_eq!(reply.status, 502);
    assert_eq!(proxy.line("/70000")["end"], "upstream.head.too_large");
}

#[test]
fn trailers_pass_both_ways() {
    let app = App::scripted(|mut connection| {
        while let Some(request) = connection.request() {
            assert_eq!(
                request.body, b"bodyx-sum: 7\r\n",
                "names are written in lower case"
            );
            connection.send(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Check\r\n\r\n2\r\nok\r\n0\r\nX-Check: 9\r\n\r\n",
            );
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send(
        "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
         4\r\nbody\r\n0\r\nX-Sum: 7\r\n\r\n",
    );
    let head = client.head().unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(client.chunk().unwrap(), b"ok");
    assert_eq!(client.chunk().unwrap(), b"");
    assert_eq!(client.line().unwrap().to_ascii_lowercase(), "x-check: 9");
}

#[test]
fn continue_is_sent_before_the_body() {
    let app = App::answering(|request| {
        assert_eq!(request.field("expect"), None, "the expectation is met here");
        String::from_utf8(request.body.clone()).unwrap()
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    assert!(client.head().unwrap().starts_with("HTTP/1.1 100"));
    client.send("body");
    assert_eq!(client.reply().text(), "body");
}

#[test]
fn early_hints_are_skipped() {
    let app = App::scripted(|mut connection| {
        while connection.request().is_some() {
            connection.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let proxy = Proxy::before(&app);
    assert_eq!(proxy.get("/").text(), "ok");
}

#[test]
fn request_ids_are_created_forwarded_and_returned() {
    let app = App::answering(|request| request.field("x-request-id").unwrap().to_owned());
    let proxy = Proxy::before(&app);
    let reply = proxy.get("/made");
    assert_eq!(reply.field("x-request-id"), Some(reply.text().as_str()));
    assert_eq!(proxy.line("/made")["request_id"], reply.text());
}

#[test]
fn health_path_is_not_forwarded() {
    let app = App::answering(|request| panic!("the app was asked for {}", request.target()));
    let proxy = Proxy::before(&app);
    proxy.ready();
    let reply = Client::connect(proxy.address).get("/healthz/ready");
    assert_eq!((reply.status, reply.text().as_str()), (200, "ready\n"));
}

#[test]
fn get_with_body_is_forwarded() {
    let app = App::answering(|request| String::from_utf8(request.body.clone()).unwrap());
    let proxy = Proxy::on_one_thread(&app);
    for (framing, body) in [
        ("Content-Length: 5", "query"),
        ("Transfer-Encoding: chunked", "5\r\nquery\r\n0\r\n\r\n"),
    ] {
        let mut client = proxy.connect();
        client.send(format!(
            "GET /search HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{body}"
        ));
        assert_eq!(client.reply().text(), "query", "{framing}");
    }
    assert_eq!(proxy.get("/next").status, 200);
    let next = proxy.line("/next");
    assert_eq!(
        next["reused"], false,
        "who knows where such a request ends for the app: {next}"
    );
}

#[test]
fn content_length_is_sent_without_leading_zeros() {
    let app = App::scripted(|mut connection| {
        while let Some(request) = connection.request() {
            let length = request.field("content-length").unwrap().to_owned();
            connection.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: 00{}\r\n\r\n{length}",
                length.len()
            ));
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 005\r\n\r\nhello");
    let reply = client.reply();
    assert_eq!(
        (reply.text().as_str(), reply.field("content-length")),
        ("5", Some("1"))
    );
}

#[test]
fn options_in_absolute_form_without_a_path_is_about_the_whole_server() {
    let app = App::answering(|request| request.line.clone());
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    for (target, expected) in [
        ("http://a", "OPTIONS * HTTP/1.1"),
        ("http://a/", "OPTIONS / HTTP/1.1"),
        ("http://a?q", "OPTIONS /?q HTTP/1.1"),
        ("*", "OPTIONS * HTTP/1.1"),
    ] {
        client.send(format!("OPTIONS {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(client.reply().text(), expected, "{target}");
    }
}

#[test]
fn the_log_names_the_target_and_the_host_that_the_app_gets() {
    let app = App::answering(|request| format!("{} {}", request.target(), request.field("host").unwrap()));
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("GET http://real.example:81/absolute HTTP/1.1\r\nHost: other.example\r\n\r\n");
    assert_eq!(client.reply().text(), "/absolute real.example:81");
    assert_eq!(proxy.line("/absolute")["host"], "real.example:81");
    client.send("OPTIONS http://real.example HTTP/1.1\r\nHost: other.example\r\n\r\n");
    assert_eq!(client.reply().text(), "* real.example");
    assert_eq!(proxy.line("*")["host"], "real.example");
}

#[test]
fn trailers_of_a_response_need_no_announcement_where_the_client_asks_for_them() {
    let app = App::scripted(|mut connection| {
        while connection.request().is_some() {
            // More than the socket takes at once.
            connection.send(format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf4240\r\n{}\r\n0\r\nX-Check: 9\r\nHost: b\r\n\r\n",
                "x".repeat(1_000_000)
            ));
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    for (fields, expected) in [
        ("TE: trailers\r\nConnection: TE\r\n", &["x-check: 9", ""][..]),
        ("", &[""]),
        ("TE: trailers\r\nConnection: TE\r\n", &["x-check: 9", ""]),
    ] {
        client.send(format!("GET /trailers HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
        assert!(client.head().unwrap().starts_with("HTTP/1.1 200"));
        let chunks = std::iter::from_fn(|| client.chunk().filter(|chunk| !chunk.is_empty()));
        assert_eq!(chunks.map(|chunk| chunk.len()).sum::<usize>(), 1_000_000);
        for line in expected {
            assert_eq!(client.line().unwrap(), *line, "{fields}");
        }
    }
    proxy.lines(3, |line| line["target"] == "/trailers" && line["end"] == "ok");
}

/// A connection that lingers takes bytes for 30 s; one that is closed answers the first with a reset.
#[test]
fn connection_that_the_client_ends_is_closed_without_waiting_for_the_client() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    let mut get = proxy.connect();
    get.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let mut post = proxy.connect();
    post.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nhi");
    for client in [&mut get, &mut post] {
        assert_eq!(client.reply().text(), "hello");
        assert!(client.is_closed());
        eventually("the connection is reset", || !client.try_send("x"));
    }
}

#[test]
fn connection_that_ends_with_unread_bytes_is_not_reset_before_the_response_is_read() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    for _ in 0..50 {
        let mut client = proxy.connect();
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n\r\nmore");
        assert_eq!(client.reply().text(), "hello");
        assert!(client.try_send("x"), "the connection lingers");
    }
}
