//! `penguin-proxy health`: the probe for images without a shell. Plain sockets: it must be quick and small.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::config::Config;

/// For everything together.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn run(config: &Config) -> ExitCode {
    match ask(config.listen, &config.health_path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            super::complain(&format!("penguin-proxy: not healthy: {reason}"));
            ExitCode::FAILURE
        }
    }
}

fn ask(listen: SocketAddr, path: &str) -> Result<(), String> {
    let end = Instant::now() + PATIENCE;
    let mut reason = String::new();
    for address in own_addresses(listen) {
        match TcpStream::connect_timeout(&address, PATIENCE / 2) {
            Ok(stream) => {
                return exchange(stream, path, end).map_err(|error| format!("{address}{path}: {error}"));
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

fn exchange(mut stream: TcpStream, path: &str, end: Instant) -> Result<(), String> {
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
        Some("200") => Ok(()),
        Some(status) => {
            let said = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).trim();
            Err(if said.is_empty() {
                format!("status {status}")
            } else {
                format!("status {status}: {said}")
            })
        }
        None => Err("something answers that is not HTTP".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_asked_on_loopback() {
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
