//! A proxy in this process, an app with a script, a client that speaks raw bytes.
//!
//! Where `PENGUIN_PROXY_BIN` names a build of the program, such as the one that is shipped, the proxy is a process of
//! that program instead. Tests that replace a part of it, such as the resolver, keep the one in this process.

pub(crate) mod app;
pub(crate) mod client;
pub(crate) mod frames;
pub(crate) mod http2;
pub(crate) mod name_server;
pub(crate) mod network;
pub(crate) mod running;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use self::running::Running;
use penguin_proxy::access_log::AccessLog;
use penguin_proxy::cli::defaults;
use penguin_proxy::config::{Arguments, Config};
use penguin_proxy::resolver::Lookup;
use penguin_proxy::server::Server;
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
    place: Place,
    log: Log,
}

/// Where it runs.
enum Place {
    Thread {
        stop: mpsc::Sender<&'static str>,
        running: Option<JoinHandle<()>>,
    },
    Process {
        running: Mutex<Running>,
        told: AtomicBool,
    },
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
        if running::other_build().is_some() {
            return Self::launched(&configuration(change));
        }
        Self::resolving(Lookup::system(), change)
    }

    /// As a process.
    fn launched(config: &Config) -> Self {
        let settings = config.effective();
        let mut settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        settings.push(("PROXY_LOG_FORMAT", "json"));
        let mut running = Running::with(&settings);
        Self {
            address: running.address,
            admin: running.admin,
            log: running.log(),
            place: Place::Process {
                running: Mutex::new(running),
                told: AtomicBool::new(false),
            },
        }
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
        let mut config = configuration(change);
        adjust(&mut config);
        let log = Log::default();
        let access_log = AccessLog::new(log.clone(), true).expect("a thread");
        let server = Server::bind(config, lookup, access_log).expect("ports");
        let (address, admin) = (server.address(), server.admin_address());
        let (stop, wishes) = mpsc::channel(2);
        let running = std::thread::spawn(move || server.run(wishes).expect("a proxy that runs"));
        Self {
            address,
            admin,
            place: Place::Thread {
                stop,
                running: Some(running),
            },
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
        match &self.place {
            Place::Thread { stop, .. } => stop.blocking_send("a test").expect("the proxy runs"),
            Place::Process { running, told } => {
                // Not the same signal twice: two of a kind may arrive as one.
                let again = told.swap(true, Ordering::SeqCst);
                running.lock().unwrap().signal(if again { "INT" } else { "TERM" });
            }
        }
    }

    /// Whether it has stopped.
    pub(crate) fn has_stopped(&self) -> bool {
        match &self.place {
            Place::Thread { running, .. } => running.as_ref().is_none_or(JoinHandle::is_finished),
            Place::Process { running, .. } => running.lock().unwrap().child.try_wait().unwrap().is_some(),
        }
    }

    /// Waits until it has stopped. Gives how long that took.
    pub(crate) fn stopped(&mut self) -> Duration {
        let began = Instant::now();
        eventually("the proxy stops", || self.has_stopped());
        match &mut self.place {
            Place::Thread { running, .. } => {
                if let Some(running) = running.take() {
                    running.join().expect("an orderly end");
                }
            }
            Place::Process { running, .. } => {
                let status = running.get_mut().unwrap().wait();
                assert_eq!(status.code(), Some(0), "an orderly end");
            }
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

/// The value of a number at an admin port: of one name with its labels, or of all those with the name.
fn metric(admin: SocketAddr, name: &str) -> u64 {
    let text = Client::connect(admin).get("/metrics").text();
    let has_the_name = |line: &&str| {
        let sample = line.split(' ').next().unwrap_or_default();
        sample == name || sample.split('{').next() == Some(name)
    };
    let values: Vec<u64> = text
        .lines()
        .filter(has_the_name)
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    assert!(!values.is_empty(), "{name} is not among the metrics:\n{text}");
    values.iter().sum()
}

/// The settings of the tests, with some changed.
fn configuration(change: impl FnOnce(&mut Arguments)) -> Config {
    let mut arguments = defaults();
    arguments.listen = "127.0.0.1:0".into();
    arguments.admin_listen = "127.0.0.1:0".into();
    arguments.pre_drain = "0s".into();
    arguments.threads = "2".into();
    change(&mut arguments);
    Config::new(&arguments).unwrap_or_else(|error| panic!("{error}"))
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Twice: at once. A process is killed by its own drop.
        if let Place::Thread { stop, .. } = &self.place {
            for _ in 0..2 {
                let _stopped_already = stop.try_send("the end of a test");
            }
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
