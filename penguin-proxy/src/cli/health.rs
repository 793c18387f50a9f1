//! `penguin-proxy health`: probe for images without a shell. Uses a plain socket to be quick and small.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::config::Config;

/// For everything together.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is asked. Without a flag: whether it is ready.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Question {
    /// Ask whether the app can be reached and nobody has asked the proxy to stop: for who sends requests
    #[arg(long, conflicts_with = "live")]
    ready: bool,

    /// Ask whether the proxy itself answers, on both ports, whatever the app does: for who restarts containers
    #[arg(long)]
    live: bool,
}

pub(super) fn run(config: &Config, question: Question) -> ExitCode {
    let end = Instant::now() + PATIENCE;
    let outcome = if question.live {
        is_live(config, end)
    } else {
        ask(config.listen, &config.health_path, end).and_then(Answer::expect_ok)
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            super::complain(&format!("penguin-proxy: not healthy: {reason}"));
            ExitCode::FAILURE
        }
    }
}

/// The thread that watches and stops answers, and one that serves. That the app is away is no fault of the container.
fn is_live(config: &Config, end: Instant) -> Result<(), String> {
    ask(config.admin_listen, "/live", end)?.expect_ok()?;
    ask(config.listen, &config.health_path, end).map(drop)
}

/// A response in HTTP.
struct Answer {
    place: String,
    status: String,
    body: String,
}

impl Answer {
    fn expect_ok(self) -> Result<(), String> {
        let Self { place, status, body } = self;
        match (status.as_str(), body.as_str()) {
            ("200", _) => Ok(()),
            (_, "") => Err(format!("{place}: status {status}")),
            _ => Err(format!("{place}: status {status}: {body}")),
        }
    }
}

fn ask(listen: SocketAddr, path: &str, end: Instant) -> Result<Answer, String> {
    let mut reason = String::new();
    for address in own_addresses(listen) {
        match TcpStream::connect_timeout(&address, PATIENCE / 2) {
            Ok(stream) => {
                let place = format!("{address}{path}");
                return match exchange(stream, path, end) {
                    Ok((status, body)) => Ok(Answer { place, status, body }),
                    Err(error) => Err(format!("{place}: {error}")),
                };
            }
            Err(error) => reason = format!("{address}: {error}"),
        }
    }
    Err(reason)
}

/// Where a listener on this address can be reached from the same machine.
fn own_addresses(listen: SocketAddr) -> Vec<SocketAddr> {
    let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port()));
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, listen.port()));
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => vec![v4],
        IpAddr::V6(ip) if ip.is_unspecified() => vec![v4, v6],
        _ => vec![listen],
    }
}

/// Status and body of the response.
fn exchange(mut stream: TcpStream, path: &str, end: Instant) -> Result<(String, String), String> {
    let told = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => "no answer within 2 s".to_owned(),
        _ => error.to_string(),
    };
    let left = end
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1));
    stream.set_read_timeout(Some(left)).map_err(told)?;
    stream.set_write_timeout(Some(left)).map_err(told)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .map_err(told)?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).map_err(told)?;
    let answer = String::from_utf8_lossy(&answer);
    match answer
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.split([' ', '\r']).next())
    {
        Some(status) => {
            let said = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).trim();
            Ok((status.to_owned(), said.to_owned()))
        }
        None => Err("something answers that is not HTTP".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcard_listener_is_probed_on_loopback() {
        let asked = |text: &str| {
            own_addresses(text.parse().unwrap())
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(asked("[::]:8080"), ["127.0.0.1:8080", "[::1]:8080"]);
        assert_eq!(asked("0.0.0.0:8080"), ["127.0.0.1:8080"]);
        assert_eq!(asked("10.1.2.3:80"), ["10.1.2.3:80"]);
    }
}
