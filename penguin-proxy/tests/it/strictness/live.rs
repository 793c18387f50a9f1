//! The probes over real sockets, with an app behind the proxy that writes down what it sees.

use std::sync::{Arc, Mutex};

use http_desync_guardian::RequestSafetyTier;
use http_desync_guardian::request_analyzer::HttpRequestData;

use super::probes::{End, Probe, all};
use crate::stage::{App, Client, Proxy};

/// Heads as the app got them.
type Seen = Arc<Mutex<Vec<String>>>;

fn app() -> (App, Seen) {
    let seen = Seen::default();
    let book = Arc::clone(&seen);
    let app = App::scripted(move |mut connection| {
        while let Some(head) = connection.head() {
            book.lock()
                .unwrap()
                .push(format!("{}\r\n{}\r\n", head.line, head.head));
            let got = connection.body_of(head);
            if got.is_none_or(|request| !connection.answer("200 OK", request.line)) {
                return;
            }
        }
    });
    (app, seen)
}

/// What becomes of one probe, or what is wrong with it.
fn play(proxy: &Proxy, probe: &Probe) -> Result<(), String> {
    let mut client = Client::connect(proxy.address);
    // A refusal may come before everything is sent.
    let _sent = std::io::Write::write_all(&mut client.stream, &probe.bytes);
    let last = probe.expected.statuses.len().saturating_sub(1);
    for (index, expected) in probe.expected.statuses.iter().enumerate() {
        let reply = client
            .reply_to("GET")
            .ok_or("the connection ended without an answer")?;
        if reply.status != *expected {
            return Err(format!(
                "{} instead of {expected}: {}",
                reply.status,
                reply.text()
            ));
        }
        let code = probe.expected.code.as_ref().filter(|_| index == last);
        if let Some(code) = code
            && !reply.text().contains(&format!("({code},"))
        {
            return Err(format!("not {code}: {}", reply.text()));
        }
        let old = reply.head.starts_with("HTTP/1.0");
        let closes = reply.field("connection") == Some("close");
        if !old && closes != (index == last && probe.expected.end == End::Closed) {
            return Err(format!(
                "the answer is misleading about the connection: {}",
                reply.head
            ));
        }
    }
    match probe.expected.end {
        End::Closed if !client.is_closed() => Err("the connection is still open".to_owned()),
        End::Kept => {
            let next = client.get("/next");
            if next.text() == "GET /next HTTP/1.1" {
                Ok(())
            } else {
                Err(format!(
                    "the next request is misunderstood: {} {}",
                    next.status,
                    next.text()
                ))
            }
        }
        End::Closed | End::Waiting => Ok(()),
    }
}

#[test]
fn probes_meet_their_rules_over_the_wire() {
    let (app, seen) = app();
    let proxy = Proxy::before(&app);
    proxy.ready();
    let wrong: Vec<String> = all()
        .iter()
        .filter_map(|probe| {
            play(&proxy, probe)
                .err()
                .map(|error| format!("{}: {error}", probe.title))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} probes fail:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    for head in seen.lock().unwrap().iter() {
        assert!(
            !head.contains("/smuggled"),
            "a smuggled request reached the app: {head}"
        );
        let tier = HttpRequestData::analyze_raw_request(format!("{head}\r\n").as_bytes()).tier;
        assert_ne!(tier, RequestSafetyTier::Severe, "{head}");
    }
}
