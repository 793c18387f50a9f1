//! `penguin-app health`: asks the server of the same settings whether it is well.
//!
//! It is what the container's health check runs, in an image that holds nothing but this program: plain blocking
//! sockets, no name resolution, no runtime.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};

use super::Failure;
use crate::config::{self, Config};
use crate::routes::health;

/// How long the whole question may take.
const TIMEOUT: Duration = Duration::from_millis(1900);

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    if config.listen.port() == 0 {
        return Err(Failure::Input(anyhow!(
            "APP_LISTEN=\"{}\" leaves the port to the machine, so there is none to ask: name one",
            config.listen
        )));
    }
    let started = Instant::now();
    let mut last = anyhow!("no address to ask");
    for address in config::loopback_of(config.listen) {
        match ask(address, started) {
            Ok(()) => return Ok(()),
            Err(error) => last = error.context(format!("{address} is not well")),
        }
    }
    Err(Failure::Work(last))
}

fn ask(address: SocketAddr, started: Instant) -> anyhow::Result<()> {
    let stream = TcpStream::connect_timeout(&address, left(started)?)?;
    let status = status_line(stream, address, started)?;
    match status.split(' ').nth(1) {
        Some("200") => Ok(()),
        Some(_) if status.starts_with("HTTP/1.") => Err(anyhow!("it answers `{status}`")),
        _ => Err(anyhow!("it does not speak HTTP")),
    }
}

fn status_line(mut stream: TcpStream, address: SocketAddr, started: Instant) -> anyhow::Result<String> {
    stream.set_write_timeout(Some(left(started)?))?;
    write!(
        stream,
        "GET {} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: penguin-app health\r\nConnection: close\r\n\r\n",
        health::PATH
    )?;
    let mut line = Vec::new();
    let mut chunk = [0; 256];
    while !line.contains(&b'\n') && line.len() < 1024 {
        stream.set_read_timeout(Some(left(started)?))?;
        let length = match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(too_slow()),
            Err(error) => return Err(error).context("it broke off"),
        };
        line.extend_from_slice(chunk.get(..length).unwrap_or_default());
    }
    let line = String::from_utf8_lossy(&line);
    Ok(line.lines().next().unwrap_or_default().trim_end().to_owned())
}

/// What is left of the time for the question.
fn left(started: Instant) -> anyhow::Result<Duration> {
    TIMEOUT
        .checked_sub(started.elapsed())
        .filter(|left| !left.is_zero())
        .ok_or_else(too_slow)
}

fn too_slow() -> anyhow::Error {
    anyhow!("it did not answer within 2 seconds")
}
