//! The site, served in this process on a port of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use penguin_app::config::{Config, Options};
use penguin_app::publication::Publication;
use penguin_app::router::{self, Shared};
use penguin_app::server::limits::Limits;
use penguin_app::server::{self, Drained};
use penguin_app::shutdown::{self, Stopper};
use penguin_app::site::edition::Edition;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server that stops when the test says so.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) edition: Arc<Edition>,
    pub(crate) stopper: Stopper,
    running: JoinHandle<Drained>,
}

/// What a test wants other than usual.
pub(crate) struct Wishes {
    pub(crate) source_dir: Option<PathBuf>,
    pub(crate) limits: Limits,
    /// Routes besides those of the site.
    pub(crate) routes: Router<Shared>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            source_dir: None,
            limits: Limits::with_drain(Duration::from_secs(20)),
            routes: Router::new(),
        }
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(Wishes::default()).await
    }

    pub(crate) async fn start_with(wishes: Wishes) -> Self {
        let config = Config::read(&options()).unwrap();
        let publication = Publication::open(wishes.source_dir, &config.public_url).unwrap();
        let edition = publication.view().await.edition;
        let (stopper, shutdown) = shutdown::channel();
        let shared = Shared {
            publication: Arc::new(publication),
            shutdown: shutdown.clone(),
        };
        let routes = router::routes(&edition).merge(wishes.routes);
        let site = router::under_policies(routes, shared);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // The kernel takes little of an answer that nobody reads, so that a slow client is soon felt.
        socket2::SockRef::from(&listener)
            .set_send_buffer_size(64 * 1024)
            .unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            edition,
            stopper,
            running: tokio::spawn(server::run(listener, site, shutdown, wishes.limits)),
        }
    }

    /// Waits until the server has ended by itself.
    pub(crate) async fn ended(self) -> Drained {
        self.running.await.unwrap()
    }
}

fn options() -> Options {
    Options {
        listen: "127.0.0.1:0".to_owned(),
        public_url: "https://penguins.test".to_owned(),
        drain_timeout: "20s".to_owned(),
        log_format: "auto".to_owned(),
        log_level: "info".to_owned(),
        source_dir: None,
    }
}

/// A copy of the real templates and assets that a test may spoil.
pub(crate) fn source_copy() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for part in ["templates", "static"] {
        for file in penguin_app::source_tree::files(&workspace.join(part)).unwrap() {
            let target = copy.path().join(part).join(&file.name);
            fs_err::create_dir_all(target.parent().unwrap()).unwrap();
            fs_err::copy(&file.path, target).unwrap();
        }
    }
    copy
}
