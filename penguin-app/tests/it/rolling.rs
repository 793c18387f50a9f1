//! Two releases with different styles behind `HAProxy`, as in a rolling deployment: every page finds its assets.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use crate::client::get;
use crate::program::Program;
use crate::server::source_copy;

/// `HAProxy` in front of two servers, one request to each in turn.
struct HaProxy {
    process: Child,
    /// It may read its configuration after it was started.
    _config: tempfile::NamedTempFile,
    address: SocketAddr,
}

impl HaProxy {
    /// Starts it on a socket that listens already, so that there is nothing to wait for.
    fn start([one, other]: [SocketAddr; 2]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // It inherits the socket as its descriptor 0, which `-q` would close.
        let text = format!(
            "global\n  maxconn 64\ndefaults\n  mode http\n  timeout connect 10s\n  timeout client 60s\n  timeout \
             server 60s\nlisten site\n  balance roundrobin\n  http-reuse never\n  bind fd@0\n  server one {one}\n  \
             server other {other}\n"
        );
        let mut config = tempfile::NamedTempFile::new().unwrap();
        config.write_all(text.as_bytes()).unwrap();
        let process = Command::new("haproxy")
            .args(["-db", "-f"])
            .arg(config.path())
            .env("PATH", "/usr/sbin:/usr/local/sbin:/usr/bin:/bin")
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .spawn()
            .unwrap_or_else(|error| panic!("haproxy: {error}: apt-get install haproxy"));
        Self {
            process,
            _config: config,
            address,
        }
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The assets that a page needs.
fn assets(html: &str) -> BTreeSet<String> {
    html.split('"')
        .filter(|value| value.starts_with("/static/"))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn page_of_either_release_finds_its_assets_at_either_release() {
    let (old, new) = (source_copy(), source_copy());
    for file in ["css/site.css", "js/carousel.js", "drawings/pim.svg"] {
        let path = new.path().join("static").join(file);
        let text = fs_err::read_to_string(&path).unwrap();
        fs_err::write(&path, text + "\n").unwrap();
    }
    let releases =
        [&old, &new].map(|source| Program::serve(&[("APP_SOURCE_DIR", source.path().to_str().unwrap())]));
    let front = HaProxy::start([releases[0].address, releases[1].address]);

    let mut styles = BTreeSet::new();
    let mut caching = BTreeSet::new();
    for page in ["/", "/", "/about", "/about"] {
        let html = get(front.address, page).await.text();
        for asset in assets(&html) {
            // Twice, so that each release is asked.
            for _ in 0..2 {
                let reply = get(front.address, &asset).await;
                assert_eq!(reply.status, 200, "{asset} of {page}");
                if asset.contains("site.") {
                    caching.insert(reply.header("cache-control").unwrap().to_owned());
                    styles.insert(asset.clone());
                }
            }
        }
    }
    assert_eq!(styles.len(), 2, "both releases sent a page: {styles:?}");
    assert_eq!(
        caching.into_iter().collect::<Vec<_>>(),
        ["no-cache", "public, max-age=31536000, immutable"],
        "what a release does not have under that hash is not kept for ever"
    );
}
