//! Ten thousand faulty requests of all kinds at once, and nothing is left of them: no descriptor, no memory, no panic.
//!
//! The real program in a process of its own, so that what it holds can be counted from outside. Each kind of fault has
//! the ends that the access log may give it.

mod http2;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::stage::app::Connection;
use crate::stage::running::Running;
use crate::stage::{App, Client, eventually};

/// Clients at once.
const CLIENTS: usize = 32;
/// What may remain of the memory that ten thousand faults needed, in KiB: the allocator's, not a leak's.
const REMAINS: u64 = 8 * 1024;
/// What all of it together may need while it goes on, in KiB.
const MOST: u64 = 64 * 1024;
/// A leak of 100 bytes a request would not be seen in that; one of 1 KiB would.
const FAULTS: usize = 10_000;

/// One kind: the name is the target's first part, which tells the app what to do.
struct Kind {
    name: &'static str,
    play: fn(&mut Client, &str),
    ends: &'static [&'static str],
}

const KINDS: &[Kind] = &[
    kind("ok", ask, &["ok"]),
    kind("closed", ask, &["upstream.wait.closed"]),
    kind("reset", ask, &["upstream.wait.closed"]),
    kind("half-head", ask, &["upstream.wait.closed"]),
    kind("nonsense", ask, &["upstream.head.malformed"]),
    kind("huge", ask, &["upstream.head.too_large"]),
    kind("cut", ask, &["upstream.answer.cut"]),
    kind("cut-chunk", ask, &["upstream.answer.cut"]),
    kind("cut-page", ask_compressed, &["upstream.wait.closed"]),
    kind("cut-stream", ask_compressed, &["upstream.answer.cut"]),
    kind("extra", ask, &["ok"]),
    kind("early", upload_half, &["ok"]),
    kind("upgrade", upgrade, &["ok.tunnel"]),
    kind(
        "abort",
        abort_upload,
        // Both sides leave; who is first is open.
        &[
            "client.body.aborted",
            "client.wait.aborted",
            "upstream.wait.closed",
        ],
    ),
    kind("leave", leave_waiting, &["client.wait.aborted"]),
    kind(
        "endless-left",
        leave_answer,
        &["client.answer.aborted", "client.wait.aborted"],
    ),
    kind("large", upload_large, &["client.body.too_large"]),
    kind("chunks", upload_malformed, &["client.body.malformed"]),
    kind("refused", refused, &["client.head.refused"]),
    kind("pipelined", pipelined, &["ok", "client.head.refused"]),
    kind("gone", half_a_head, &[]),
    kind("h2", http2::ask, &["ok"]),
    kind("h2-closed", http2::ask, &["upstream.wait.closed"]),
    kind("h2-cut", http2::ask, &["upstream.answer.cut"]),
    kind("h2-leave", http2::cancel, &["client.wait.aborted"]),
    kind("h2-gone", http2::leave, &["client.wait.aborted"]),
    // Nothing of these can be read as a request.
    kind("-", http2::nonsense, &["client.head.malformed"]),
];

/// These wait for a clock; there are fewer of them.
const SLOW: &[Kind] = &[
    kind("silent", ask, &["upstream.wait.timeout"]),
    kind("stalled", stall_in_head, &["client.head.timeout"]),
    kind("endless", never_read, &["client.answer.stalled"]),
];

const fn kind(name: &'static str, play: fn(&mut Client, &str), ends: &'static [&'static str]) -> Kind {
    Kind { name, play, ends }
}

/// What the app does, by the first part of the target.
fn misbehave(mut connection: Connection) {
    while let Some(request) = connection.head() {
        let target = request.target().to_owned();
        let answered = match target.split('/').nth(1).unwrap_or_default() {
            "closed" | "h2-closed" => return,
            "reset" => return connection.reset(),
            "half-head" => {
                connection.send("HTTP/1.1 200 OK\r\nContent-");
                return;
            }
            "nonsense" => connection.send("SSH-2.0-OpenSSH_9.2\r\n"),
            "huge" => connection.send(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(70_000))),
            "cut" | "h2-cut" => {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
                return;
            }
            "cut-chunk" => {
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
                return;
            }
            "cut-page" => {
                connection
                    .send("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4000\r\n\r\nhalf");
                return;
            }
            "cut-stream" => {
                let page = "half ".repeat(1000);
                connection.send(format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{page}\r\n",
                    page.len()
                ));
                return;
            }
            "extra" => {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n")
            }
            "early" => {
                connection
                    .send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nConnection: close\r\n\r\nwho?");
                return;
            }
            "upgrade" => {
                connection.send(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello",
                );
                return;
            }
            "abort" | "leave" | "h2-leave" | "h2-gone" | "silent" => return connection.closed(),
            "endless" | "endless-left" => {
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
                while connection.send(&chunk) {}
                return;
            }
            _ => connection.body_of(request).is_some() && connection.answer("200 OK", "ok"),
        };
        if !answered {
            return;
        }
    }
}

/// Sends what the proxy may refuse to take to its end.
fn try_send(client: &mut Client, bytes: impl AsRef<[u8]>) {
    drop(client.stream.write_all(bytes.as_ref()));
}

/// Reads until the proxy has had enough.
fn read_on(client: &mut Client) {
    drop(client.stream.read_to_end(&mut Vec::new()));
}

fn ask(client: &mut Client, target: &str) {
    try_send(
        client,
        format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    );
    read_on(client);
}

fn ask_compressed(client: &mut Client, target: &str) {
    let head =
        format!("GET {target} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
    try_send(client, head);
    read_on(client);
}

fn upload_half(client: &mut Client, target: &str) {
    try_send(
        client,
        format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"),
    );
    try_send(client, vec![b'x'; 5000]);
    read_on(client);
}

fn upgrade(client: &mut Client, target: &str) {
    let head =
        format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    try_send(client, head);
    read_on(client);
}

fn abort_upload(client: &mut Client, target: &str) {
    try_send(
        client,
        format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf"),
    );
    leave(client);
}

fn leave_waiting(client: &mut Client, target: &str) {
    try_send(client, format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
    leave(client);
}

fn leave_answer(client: &mut Client, target: &str) {
    try_send(client, format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
    drop(client.stream.read(&mut [0; 1000]));
    leave(client);
}

/// The connection is reset when the test lets go of it.
fn leave(client: &Client) {
    let socket = socket2::SockRef::from(&client.stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
}

fn upload_large(client: &mut Client, target: &str) {
    try_send(
        client,
        format!("POST {target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
    );
    let chunk = [b"4000\r\n".as_slice(), &vec![b'x'; 0x4000], b"\r\n"].concat();
    for _ in 0..8 {
        try_send(client, &chunk);
    }
    read_on(client);
}

fn upload_malformed(client: &mut Client, target: &str) {
    let head = format!("POST {target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    try_send(client, head + "2\r\nhi\r\n+2\r\nhi\r\n");
    read_on(client);
}

fn refused(client: &mut Client, target: &str) {
    try_send(client, format!("GET {target} HTTP/1.1\nHost: a\n\n"));
    read_on(client);
}

fn pipelined(client: &mut Client, target: &str) {
    let good = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    try_send(
        client,
        format!("{good}{good}GET {target} HTTP/1.1\r\nHost : a\r\n\r\n"),
    );
    read_on(client);
}

fn half_a_head(client: &mut Client, target: &str) {
    try_send(client, format!("GET {target} HTTP/1.1\r\nHos"));
}

fn stall_in_head(client: &mut Client, target: &str) {
    half_a_head(client, target);
    read_on(client);
}

fn never_read(client: &mut Client, target: &str) {
    try_send(client, format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
    let socket = socket2::SockRef::from(&client.stream);
    // Without reading: how many bytes wait here grows no more once the proxy has let go.
    eventually("the proxy lets go", || {
        socket.take_error().unwrap().is_some() || {
            let mut byte = [std::mem::MaybeUninit::uninit()];
            socket.peek(&mut byte).is_err()
        }
    });
}

/// Plays so many faults, each on a connection of its own. Gives the most descriptors that were seen.
fn play(proxy: &Running, count: usize) -> usize {
    let (next, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= count {
                        return;
                    }
                    // Every twentieth is slow.
                    let kind = if number % 20 == 0 {
                        &SLOW[number / 20 % SLOW.len()]
                    } else {
                        &KINDS[number % KINDS.len()]
                    };
                    (kind.play)(&mut proxy.connect(), &format!("/{}/{number}", kind.name));
                    if number % 100 == 0 {
                        most.fetch_max(proxy.descriptors(), Ordering::SeqCst);
                    }
                }
            });
        }
    });
    most.into_inner()
}

/// Descriptors and memory once nothing is going on any more.
fn at_rest(proxy: &Running) -> (usize, u64) {
    eventually("nothing is going on", || {
        [
            "penguin_proxy_requests_in_flight",
            "penguin_proxy_client_connections",
            "penguin_proxy_upstream_connections_idle",
            "penguin_proxy_held",
        ]
        .iter()
        .all(|name| proxy.metric(name) == 0)
    });
    (proxy.descriptors(), proxy.resident())
}

#[test]
fn ten_thousand_failures_leave_nothing_behind() {
    let app = App::scripted(misbehave);
    let mut proxy = Running::start(
        &app,
        &[
            ("PROXY_HEAD_TIMEOUT", "200ms"),
            ("PROXY_FIRST_BYTE_TIMEOUT", "2s"),
            ("PROXY_SEND_TIMEOUT", "300ms"),
            ("PROXY_UPSTREAM_IDLE", "1s"),
            ("PROXY_MAX_BODY", "100000B"),
            ("PROXY_THREADS", "2"),
        ],
    );
    let log = proxy.log();
    // What is made once and kept, such as buffers and codecs, is there after this.
    play(&proxy, FAULTS / 10);
    let (descriptors, memory) = at_rest(&proxy);
    let most = play(&proxy, FAULTS);
    let mut after = at_rest(&proxy);
    // Probes come and go, and the admin connection of this very question.
    eventually("the descriptors are as before", || {
        after = at_rest(&proxy);
        after.0 <= descriptors
    });
    let peak = proxy.most_resident();
    eprintln!(
        "figure: {FAULTS} faults: {memory} KiB before, {peak} at most, {} after; {descriptors} descriptors before, {most} at \
         most, {} after",
        after.1, after.0
    );
    assert!(peak <= MOST, "{peak} KiB at once");
    assert!(
        after.1 <= memory + REMAINS,
        "{memory} KiB before, {} KiB after",
        after.1
    );
    assert!(most <= descriptors + 4 * CLIENTS, "{most} descriptors at once");

    let lines = log.wait_for(FAULTS * 9 / 10, |_| true);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &lines {
        let name = line["target"].as_str().unwrap().split('/').nth(1).unwrap_or("-");
        let end = line["end"].as_str().unwrap();
        let kind = KINDS.iter().chain(SLOW).find(|kind| kind.name == name);
        let kind = kind.unwrap_or_else(|| panic!("an unknown target: {line}"));
        assert!(kind.ends.contains(&end), "{line}");
        *seen.entry(kind.name).or_default() += 1;
    }
    for kind in KINDS.iter().chain(SLOW).filter(|kind| !kind.ends.is_empty()) {
        assert!(seen.contains_key(kind.name), "no line of {}: {seen:?}", kind.name);
    }
    assert_eq!(proxy.connect().get("/ok").text(), "ok");
    let said = proxy.said();
    assert!(!said.contains("panicked"), "{said}");
}
