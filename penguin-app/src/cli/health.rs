//! `penguin-app health`: asks the server of the same settings whether it is healthy.
//!
//! The container's health check runs it, in an image that holds nothing but this program.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::Config;
use crate::health;

/// How long the whole question may take.
const TIMEOUT: Duration = Duration::from_secs(2);

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let unhealthy = || format!("{} is unhealthy", config.listen);
    let status = timeout(TIMEOUT, ask(config.listen)).await;
    let status = status.map_err(|_| io::Error::other("no response within 2 seconds"));
    let status = status.flatten().with_context(unhealthy)?;
    ensure!(status == "HTTP/1.1 200", "{}: response `{status}`", unhealthy());
    Ok(())
}

/// Returns protocol and status of the response.
async fn ask(listen: SocketAddr) -> io::Result<String> {
    let port = listen.port();
    let mut stream = if listen.ip().is_unspecified() {
        // The server did without IPv6 where there is none.
        let loopback = [
            SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            (Ipv6Addr::LOCALHOST, port).into(),
        ];
        TcpStream::connect(&loopback[..]).await?
    } else {
        TcpStream::connect(listen).await?
    };
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        health::PATH
    );
    stream.write_all(request.as_bytes()).await?;
    let mut start = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut start).await?;
    Ok(String::from_utf8_lossy(&start).into_owned())
}
