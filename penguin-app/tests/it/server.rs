//! The site, served in this process on a port of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use penguin_app::config::{Config, Indexing, LogFormat};
use penguin_app::router;
use penguin_app::server::{self, Drain};
use penguin_app::shutdown::{self, ShutdownTrigger};
use penguin_app::site::RenderedSite;
use penguin_app::source;
use penguin_app::state::AppState;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server that stops when the test says so.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) site: Arc<RenderedSite>,
    pub(crate) shutdown: ShutdownTrigger,
    running: JoinHandle<Drain>,
}

/// What a test wants other than usual.
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) drain_timeout: Duration,
    /// Routes besides those of the site.
    pub(crate) routes: Router<AppState>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            config: config(),
            drain_timeout: Duration::from_secs(20),
            routes: Router::new(),
        }
    }
}

impl Setup {
    /// The site of a checkout, as in development.
    pub(crate) fn live(root: &Path) -> Self {
        let mut setup = Self::default();
        setup.config.source_dir = Some(root.to_owned());
        setup
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    pub(crate) async fn start_with(setup: Setup) -> Self {
        let (trigger, handle) = shutdown::channel();
        let state = AppState::open(setup.config, handle.clone()).unwrap();
        let site = state.last_good_site();
        let routes = router::routes(&site).merge(setup.routes);
        let service = router::with_middleware(routes, state);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // The kernel takes little of a response that nobody reads, so that a slow client is soon felt.
        socket2::SockRef::from(&listener)
            .set_send_buffer_size(64 * 1024)
            .unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            site,
            shutdown: trigger,
            running: tokio::spawn(server::run(listener, service, handle, setup.drain_timeout)),
        }
    }

    /// Waits until the server has ended by itself.
    pub(crate) async fn ended(self) -> Drain {
        self.running.await.unwrap()
    }
}

/// The settings of the tests.
pub(crate) fn config() -> Config {
    Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        public_url: "https://penguins.test".to_owned(),
        drain_timeout: Duration::from_secs(20),
        log_format: LogFormat::Auto,
        log_level: tracing::Level::INFO,
        indexing: Indexing::Allow,
        smtp_url: None,
        data_dir: None,
        source_dir: None,
    }
}

/// A copy of the real content, templates and assets that a test may spoil.
pub(crate) fn source_copy() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for (part, files) in source::FOLDERS.into_iter().zip(source::read(workspace).unwrap()) {
        for (name, body) in files {
            let target = copy.path().join(part).join(name);
            fs_err::create_dir_all(target.parent().unwrap()).unwrap();
            fs_err::write(target, body).unwrap();
        }
    }
    copy
}
