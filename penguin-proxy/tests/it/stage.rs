//! A proxy in this process, an app with a script, a client that speaks raw bytes.

pub(crate) mod app;
pub(crate) mod client;
pub(crate) mod http2;
pub(crate) mod name_server;
pub(crate) mod network;
pub(crate) mod running;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use penguin_proxy::access_log::AccessLog;
use penguin_proxy::cli::defaults;
use penguin_proxy::config::{Arguments, Config};
use penguin_proxy::server::Server;
use penguin_proxy::upstream::Lookup;
use serde_json::Value;
use tokio::sync::mpsc;

pub(crate) use self::app::App;
pub(crate) use self::client::{Client, Reply};

/// Nothing in a test takes longer, unless something is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running proxy.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    stop: mpsc::Sender<&'static str>,
    running: Option<JoinHandle<()>>,
    log: Log,
}

impl Proxy {
    /// In front of one app.
    pub(crate) fn before(app: &App) -> Self {
        Self::with(|arguments| arguments.upstream = app.address.to_string())
    }

    /// In front of one app, so that every request finds the same pool of connections to it.
    pub(crate) fn on_one_thread(app: &App) -> Self {
        Self::with(|arguments| {
            arguments.upstream = app.address.to_string();
            arguments.threads = "1".into();
        })
    }

    /// With some settings changed.
    pub(crate) fn with(change: impl FnOnce(&mut Arguments)) -> Self {
        Self::resolving(Lookup::system(), change)
    }

    /// With a resolver of the test's.
    pub(crate) fn resolving(lookup: Lookup, change: impl FnOnce(&mut Arguments)) -> Self {
        Self::configured(lookup, change, |_| ())
    }

    /// With limits that are no settings.
    pub(crate) fn configured(
        lookup: Lookup,
        change: impl FnOnce(&mut Arguments),
        adjust: impl FnOnce(&mut Config),
    ) -> Self {
        let mut arguments = defaults();
        arguments.listen = "127.0.0.1:0".into();
        arguments.admin_listen = "127.0.0.1:0".into();
        arguments.pre_drain = "0s".into();
        arguments.threads = "2".into();
        change(&mut arguments);
        let mut config = Config::new(&arguments).unwrap_or_else(|error| panic!("{error}"));
        adjust(&mut config);
        let log = Log::default();
        let server = Server::bind(config, lookup, AccessLog::new(log.clone(), true)).expect("ports");
        let (address, admin) = (server.address(), server.admin_address());
        let (stop, wishes) = mpsc::channel(2);
        let running = std::thread::spawn(move || server.run(wishes).expect("a proxy that runs"));
        Self {
            address,
            admin,
            stop,
            running: Some(running),
            log,
        }
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// One GET on a connection of its own.
    pub(crate) fn get(&self, target: &str) -> Reply {
        self.connect().get(target)
    }

    /// Asks to stop.
    pub(crate) fn stop(&self) {
        self.stop.blocking_send("a test").expect("the proxy runs");
    }

    /// Whether it has stopped.
    pub(crate) fn has_stopped(&self) -> bool {
        self.running.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until it has stopped. Gives how long that took.
    pub(crate) fn stopped(&mut self) -> Duration {
        let began = Instant::now();
        if let Some(running) = self.running.take() {
            eventually("the proxy stops", || running.is_finished());
            running.join().expect("an orderly end");
        }
        began.elapsed()
    }

    /// Waits for lines of the log that fit, at least `count` of them.
    pub(crate) fn lines(&self, count: usize, fits: impl Fn(&Value) -> bool) -> Vec<Value> {
        self.log.wait_for(count, fits)
    }

    /// Waits for the one line about a target.
    pub(crate) fn line(&self, target: &str) -> Value {
        self.lines(1, |line| line["target"] == target).remove(0)
    }

    /// Waits until the proxy says that it is ready.
    pub(crate) fn ready(&self) {
        eventually("the proxy is ready", || self.get("/healthz/ready").status == 200);
    }

    /// The value of a number at `/metrics`.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        metric(self.admin, name)
    }
}

/// The value of a number at an admin port.
fn metric(admin: SocketAddr, name: &str) -> u64 {
    let text = Client::connect(admin).get("/metrics").text();
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("{name} is not among the metrics:\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Twice: at once.
        for _ in 0..2 {
            let _stopped_already = self.stop.try_send("the end of a test");
        }
    }
}

/// Waits for something to become true; how long it takes decides nothing but hopelessness.
pub(crate) fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !happened() {
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The access log in memory.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<(Mutex<Vec<u8>>, Condvar)>);

impl Log {
    /// Waits for lines that fit, at least `count` of them.
    pub(crate) fn wait_for(&self, count: usize, fits: impl Fn(&Value) -> bool) -> Vec<Value> {
        let (bytes, changed) = &*self.0;
        let end = Instant::now() + PATIENCE;
        let mut bytes = bytes.lock().unwrap();
        loop {
            // What comes through a pipe may end in the middle of a line.
            let whole = bytes
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |end| end + 1);
            let lines: Vec<Value> = String::from_utf8_lossy(&bytes[..whole])
                .lines()
                .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
                .collect();
            let fitting: Vec<Value> = lines.iter().filter(|line| fits(line)).cloned().collect();
            if fitting.len() >= count {
                return fitting;
            }
            assert!(
                Instant::now() < end,
                "{} of {count} lines came; the log is: {lines:#?}",
                fitting.len()
            );
            bytes = changed.wait_timeout(bytes, Duration::from_millis(200)).unwrap().0;
        }
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.0.lock().unwrap().extend_from_slice(bytes);
        self.0.1.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
