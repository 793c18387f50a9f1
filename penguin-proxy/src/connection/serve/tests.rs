//! One connection under random interleavings of what client, app and clock do: it is polled when there is something to
//! do, and not otherwise.

use std::cell::Cell;
use std::io::ErrorKind;
use std::pin::pin;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::yield_now;

use super::*;
use crate::access_log::AccessLog;
use crate::cli::defaults;
use crate::config::Config;
use crate::connection::list::CROWD;
use crate::connection::timeouts::check_timeouts;
use crate::drain::Phase as DrainPhase;
use crate::resolver::Lookup;
use crate::server::Server;

fn size_of_task<H, F>(
    _: &Rc<Clients<H>>,
    _: impl Fn(Rc<Clients<H>>, TcpStream, SocketAddr, bool) -> F,
) -> usize {
    size_of::<F>()
}

#[test]
fn hibernated_connection_is_small() {
    run(async {
        let stage = stage(SCRIPTS[0], ANSWERS[0], true).await;
        let sizes = [size_of_task(&stage.clients, serve), size_of::<ClientState>()];
        assert!(
            sizes.iter().sum::<usize>() < 1024,
            "{sizes:?}, {}",
            size_of::<ClientSocket>()
        );
    });
}

/// Polls of the connection that one event may cause. Each moves at most a few pieces of 16 KiB.
const POLLS: u64 = 60;
/// Turns of all tasks and of the kernel's queue without a poll after which nothing is going on.
const QUIET: u32 = 8;

/// What clients send: whole requests, halves, faults, and what belongs to no request.
const SCRIPTS: &[&str] = &[
    "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\nPOST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\0",
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\nx",
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n\0more",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\0\0\0",
    "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nfault\r\n",
    "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n",
    "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\nabc",
];

/// What apps send, piece by piece.
const ANSWERS: &[&[&str]] = &[
    &["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hel", "lo"],
    &[
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "2\r\nab\r\n",
        "0\r\n\r\n",
    ],
    &[
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        "bytes",
        "\0",
    ],
    &["HTTP/1.1 204 No Content\r\n\r\n"],
    &["HTTP/1.1 200 OK\r\n\r\n", "until the end"],
];

#[derive(Clone, Debug)]
enum Event {
    /// The client sends the next bytes of its script.
    Send(usize),
    /// The client sends all that is left of it.
    SendAll,
    /// The client closes its sending side.
    Finish,
    /// The client takes what there is.
    Receive,
    /// The app takes what there is.
    AppReceives,
    /// The app sends the next piece of its response.
    AppSends,
    /// The app closes its connections.
    AppCloses,
    /// The sweep comes, and finds that so many seconds have passed.
    Sweep(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1..40_usize).prop_map(Event::Send),
        2 => Just(Event::SendAll),
        1 => Just(Event::Finish),
        1 => Just(Event::Receive),
        3 => Just(Event::AppReceives),
        4 => Just(Event::AppSends),
        1 => Just(Event::AppCloses),
        2 => prop_oneof![Just(0), Just(2), Just(11), Just(61), Just(80)].prop_map(Event::Sweep),
    ]
}

/// A client, a connection, an app, and the clock in the hands of the test.
struct Stage<H> {
    clients: Rc<Clients<H>>,
    polls: Rc<Cell<u64>>,
    client: TcpStream,
    unsent: Vec<u8>,
    app: Option<TcpListener>,
    app_side: Vec<TcpStream>,
    answer: Vec<&'static str>,
}

/// A stage with a connection that the gateway serves.
async fn stage(script: &str, answer: &[&'static str], app_is_up: bool) -> Stage<impl Handler> {
    let app = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut arguments = defaults();
    arguments.listen = "127.0.0.1:0".into();
    arguments.admin_listen = "127.0.0.1:0".into();
    arguments.upstream = app.local_addr().unwrap().to_string();
    arguments.hold = "300ms".into();
    let config = Config::new(&arguments).unwrap();
    let log = AccessLog::new(std::io::sink(), true);
    let clients = Server::bind(config, Lookup::system(), log.unwrap())
        .unwrap()
        .clients();
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(door.local_addr().unwrap()).await.unwrap();
    let (stream, peer) = door.accept().await.unwrap();
    let polls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&polls);
    let serving = serve(Rc::clone(&clients), stream, peer, false);
    tokio::task::spawn_local(async move {
        let mut serving = pin!(serving);
        poll_fn(|cx| {
            counted.set(counted.get() + 1);
            serving.as_mut().poll(cx)
        })
        .await;
    });
    Stage {
        clients,
        polls,
        client,
        unsent: script.as_bytes().to_vec(),
        app: app_is_up.then_some(app),
        app_side: Vec::new(),
        answer: answer.iter().rev().copied().collect(),
    }
}

impl<H> Stage<H> {
    fn send(&mut self, count: usize) {
        let count = count.min(self.unsent.len());
        // A client that was cut learns of it here.
        if let Ok(sent) = self.client.try_write(&self.unsent[..count]) {
            self.unsent.drain(..sent);
        }
    }

    fn receive(stream: &TcpStream) {
        let mut buffer = [0; 4096];
        while stream.try_read(&mut buffer).is_ok_and(|count| count > 0) {}
    }

    async fn play(&mut self, event: &Event) {
        match event {
            Event::Send(count) => self.send(*count),
            Event::SendAll => self.send(usize::MAX),
            Event::Finish => drop(socket2::SockRef::from(&self.client).shutdown(std::net::Shutdown::Write)),
            Event::Receive => Self::receive(&self.client),
            Event::AppReceives => self.app_side.iter().for_each(Self::receive),
            Event::AppSends => {
                if let (Some(piece), Some(app)) = (self.answer.last(), self.app_side.last())
                    && app.try_write(piece.as_bytes()).is_ok()
                {
                    self.answer.pop();
                }
            }
            Event::AppCloses => self.app_side.clear(),
            Event::Sweep(seconds) => self.sweep(*seconds),
        }
        self.settle(event).await;
    }

    fn sweep(&self, seconds: u64) {
        let now = Instant::now() + Duration::from_secs(seconds);
        let config = &self.clients.worker.shared.config;
        check_timeouts(&self.clients.connections, config, DrainPhase::Serving, None, now);
    }

    /// Lets everything happen that the event has caused.
    async fn settle(&mut self, event: &Event) {
        let (start, mut quiet) = (self.polls.get(), 0);
        while quiet < QUIET {
            let before = self.polls.get();
            yield_now().await;
            self.accept();
            quiet = if self.polls.get() == before { quiet + 1 } else { 0 };
            let polls = self.polls.get() - start;
            assert!(polls <= POLLS, "polled {polls} times because of {event:?}");
        }
    }

    fn accept(&mut self) {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        if let Some(app) = &self.app
            && let Poll::Ready(accepted) = app.poll_accept(&mut cx)
        {
            match accepted {
                Ok((stream, _)) => self.app_side.push(stream),
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
    }

    fn is_closed(&self) -> bool {
        self.clients.connections.all_hibernated() && self.clients.connections.hibernated() == 0
    }
}

fn run(test: impl Future<Output = ()>) {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().build_local(LocalOptions::default()).unwrap();
    runtime.block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_interleaving_makes_a_connection_spin_or_leak(
        script in prop::sample::select(SCRIPTS),
        answer in prop::sample::select(ANSWERS),
        app_is_up in prop::bool::weighted(0.8),
        events in prop::collection::vec(event(), 1..30),
    ) {
        run(async {
            let mut stage = stage(script, answer, app_is_up).await;
            for event in &events {
                stage.play(event).await;
            }
            // The client leaves, the app too, and time passes.
            stage.app = None;
            stage.play(&Event::AppCloses).await;
            socket2::SockRef::from(&stage.client).set_linger(Some(Duration::ZERO)).unwrap();
            drop(std::mem::replace(&mut stage.client, unconnected().await));
            // A request may still be held for the app.
            let end = Instant::now() + Duration::from_secs(20);
            while !stage.is_closed() {
                assert!(Instant::now() < end, "it outlives its client");
                stage.play(&Event::Sweep(1_000_000)).await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }
}

/// A socket in the place of one that is gone.
async fn unconnected() -> TcpStream {
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    TcpStream::connect(door.local_addr().unwrap()).await.unwrap()
}

/// A connection on which a request has been answered.
async fn answered() -> Stage<impl Handler> {
    let mut stage = stage(SCRIPTS[0], &ANSWERS[0][..1], true).await;
    stage.answer = vec!["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"];
    for event in [
        Event::SendAll,
        Event::AppReceives,
        Event::AppSends,
        Event::Receive,
    ] {
        stage.play(&event).await;
    }
    stage
}

#[test]
fn idle_connection_of_a_crowd_hibernates_at_once() {
    run(async {
        for (others, hibernated) in [(CROWD - 1, 0), (CROWD, 1)] {
            let mut stage = answered().await;
            for _ in 0..others {
                stage.clients.connections.add("127.0.0.1:1".parse().unwrap());
            }
            stage.unsent = SCRIPTS[0].as_bytes().to_vec();
            stage.answer = vec!["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"];
            for event in [Event::SendAll, Event::AppReceives, Event::AppSends] {
                stage.play(&event).await;
            }
            assert_eq!(stage.clients.connections.hibernated(), hibernated, "{others}");
        }
    });
}

#[test]
fn idle_connection_hibernates_when_requested() {
    run(async {
        let mut stage = answered().await;
        stage.play(&Event::Sweep(2)).await;
        assert_eq!(stage.clients.connections.hibernated(), 1);
        stage.unsent = b"GET".to_vec();
        stage.play(&Event::SendAll).await;
        assert_eq!(stage.clients.connections.hibernated(), 0);
    });
}
