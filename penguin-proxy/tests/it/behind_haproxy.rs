//! `HAProxy` as the load balancer: many clients share one HTTP/2 connection, and none of them must harm the others.
//!
//! Needs `haproxy` on the path; `.ci/test` installs it.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};

use serde_json::Value;

use crate::stage::frames::{DATA, HEADERS, frame, headers, literals};
use crate::stage::{App, Client, Proxy};

/// Clients that do nothing wrong.
const OTHERS: usize = 10;

/// A running `HAProxy`.
struct Haproxy {
    address: SocketAddr,
    process: Child,
    _configuration: tempfile::NamedTempFile,
}

impl Haproxy {
    /// In front of a proxy, over HTTP/2; none where `haproxy` is not installed.
    fn before(proxy: &Proxy) -> Option<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut configuration = tempfile::NamedTempFile::new().unwrap();
        write!(
            configuration,
            "global\n  nbthread 1\n\
             defaults\n  mode http\n  timeout connect 20s\n  timeout client 20s\n  timeout server 20s\n\
             frontend clients\n  bind fd@0\n  default_backend proxy\n\
             backend proxy\n  http-reuse always\n  retries 0\n  server proxy {} proto h2\n",
            proxy.address
        )
        .unwrap();
        let process = Command::new("haproxy")
            .arg("-db")
            .arg("-f")
            .arg(configuration.path())
            .stdin(OwnedFd::from(listener))
            .stderr(Stdio::null())
            .spawn();
        match process {
            Ok(process) => Some(Self {
                address,
                process,
                _configuration: configuration,
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                eprintln!("left out: haproxy is not installed");
                None
            }
            Err(error) => panic!("haproxy: {error}"),
        }
    }

    fn client(&self) -> Client {
        Client::connect(self.address)
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// The lines of all requests; they must have come on one connection, or nothing was shown.
fn lines_of_one_connection(proxy: &Proxy, count: usize) -> Vec<Value> {
    let lines = proxy.lines(count, |_| true);
    for line in &lines {
        assert_eq!(line["peer"], lines[0]["peer"], "{lines:#?}");
    }
    lines
}

#[test]
fn malformed_request_of_one_client_does_not_affect_others() {
    let (asked, news) = mpsc::channel();
    let (go, cue) = mpsc::channel::<()>();
    let (asked, cue) = (Mutex::new(asked), Mutex::new(cue));
    let app = App::answering(move |request| {
        if request.target() == "/wait" {
            asked.lock().unwrap().send(()).unwrap();
            cue.lock().unwrap().recv().unwrap();
        }
        "fine".to_owned()
    });
    let proxy = Proxy::before(&app);
    let Some(haproxy) = Haproxy::before(&proxy) else {
        return;
    };
    // One request opens the connection that all others then share.
    assert_eq!(haproxy.client().get("/first").status, 200);
    let mut others: Vec<Client> = (0..OTHERS).map(|_| haproxy.client()).collect();
    for other in &mut others {
        other.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
        news.recv().unwrap();
    }
    let mut bad = haproxy.client();
    bad.send("GET /bad HTTP/1.1\r\nHost: a\r\nUser-Agent: a\x7fb\r\n\r\n");
    assert_eq!(bad.reply().status, 502);
    for _ in 0..OTHERS {
        go.send(()).unwrap();
    }
    for mut other in others {
        let reply = other.reply();
        assert_eq!((reply.status, reply.text().as_str()), (200, "fine"));
    }
    assert_eq!(haproxy.client().get("/last").status, 200);
    let lines = lines_of_one_connection(&proxy, OTHERS + 3);
    let refused = lines.iter().find(|line| line["status"] == 400).unwrap();
    assert_eq!(
        (&refused["target"], &refused["rule"]),
        (&"/bad".into(), &"control-byte".into())
    );
}

#[test]
fn malformed_response_to_one_client_does_not_affect_others() {
    let app = App::scripted(|mut connection| {
        if !connection.speaks_http2() {
            return;
        }
        let ok: &[u8] = &[0x88];
        let mut asked = Vec::new();
        while let Some(frame_in) = connection.frame() {
            if frame_in.kind == HEADERS {
                asked.push(frame_in.stream);
            }
            if asked.len() == OTHERS + 1 {
                let (bad, others) = asked.split_at(1);
                let message = literals(&[("grpc-status", "13"), ("grpc-message", "a\nb")]);
                connection.send(headers(bad[0], true, &[ok, &message].concat()));
                for other in others {
                    connection.send(headers(*other, false, ok));
                    connection.send(frame(DATA, 1, *other, b"fine"));
                }
                asked.clear();
            }
        }
    });
    let address = app.address.to_string();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = address;
        arguments.upstream_protocol = "h2c".into();
        arguments.threads = "1".into();
    });
    let Some(haproxy) = Haproxy::before(&proxy) else {
        return;
    };
    let mut clients: Vec<Client> = (0..=OTHERS).map(|_| haproxy.client()).collect();
    for client in &mut clients {
        client.send("GET /call HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    let mut statuses: Vec<u16> = clients.iter_mut().map(|client| client.reply().status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[..OTHERS], [200; OTHERS]);
    assert_eq!(statuses[OTHERS..], [502]);
    let lines = proxy.lines(OTHERS + 1, |line| line["target"] == "/call");
    let upstreams = lines.iter().filter(|line| line["reused"] == false).count();
    assert_eq!(
        upstreams, 1,
        "all calls share one connection to the app: {lines:#?}"
    );
}
