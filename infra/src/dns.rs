//! Look-ups in public DNS that the resolver library of the system does not offer: name servers and certification
//! authorities of a domain.

mod message;

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use message::{Kind, Record, Reply};

/// Time for one resolver to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Resolvers that are asked; together they bound the time of a look-up.
const RESOLVERS: usize = 2;

/// Asks recursive resolvers.
#[derive(Clone, Debug)]
pub struct Resolver {
    servers: Vec<SocketAddr>,
    patience: Duration,
}

impl Resolver {
    /// Creates a resolver that asks these servers, one after the other.
    pub fn new(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self {
            servers: servers.into_iter().take(RESOLVERS).collect(),
            patience: PATIENCE,
        }
    }

    /// Returns the resolver of the system: that of `/etc/resolv.conf`.
    pub fn of_system() -> Self {
        let file = fs_err::read_to_string("/etc/resolv.conf").unwrap_or_default();
        Self::new(servers(&file))
    }

    /// Sets the time that one server has to answer, 2 s by default.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns the name servers of a zone, sorted, in lower case without the final dot; empty if the name has none or does
    /// not exist.
    ///
    /// # Errors
    /// No server answers in time.
    pub fn name_servers(&self, zone: &str) -> io::Result<Vec<String>> {
        let records = self.ask(zone, Kind::Ns)?;
        let mut names: Vec<_> = records
            .into_iter()
            .filter_map(|record| match record {
                Record::Ns(name) => Some(name),
                Record::Caa(..) => None,
            })
            .collect();
        names.sort();
        Ok(names)
    }

    /// Returns the certification authorities that may issue certificates for a domain: the `issue` values of the CAA records
    /// of the domain or of the nearest name above it. `None`: all may.
    ///
    /// # Errors
    /// No server answers in time.
    pub fn authorities(&self, domain: &str) -> io::Result<Option<Vec<String>>> {
        let mut name = domain;
        loop {
            let records = self.ask(name, Kind::Caa)?;
            if !records.is_empty() {
                let issuers: Vec<_> = records.into_iter().filter_map(issuer).collect();
                return Ok((!issuers.is_empty()).then_some(issuers));
            }
            match name.split_once('.') {
                Some((_, above)) => name = above,
                None => return Ok(None),
            }
        }
    }

    fn ask(&self, name: &str, kind: Kind) -> io::Result<Vec<Record>> {
        let mut error = io::Error::other("no resolver in /etc/resolv.conf");
        for server in &self.servers {
            match ask(*server, name, kind, self.patience) {
                Ok(Reply::Records(records)) => return Ok(records),
                Ok(Reply::NoSuchName) => return Ok(Vec::new()),
                Ok(Reply::Failed(code)) => {
                    error = io::Error::other(format!("{} answered with DNS error {code}", server.ip()));
                }
                Ok(Reply::Truncated) => {
                    error = io::Error::other(format!("{} answered with too many records", server.ip()));
                }
                Err(failed) => error = io::Error::new(failed.kind(), format!("{}: {failed}", server.ip())),
            }
        }
        Err(error)
    }
}

/// Returns the authority that an `issue` record names, without its parameters. An empty one allows nobody.
fn issuer(record: Record) -> Option<String> {
    match record {
        Record::Caa(tag, value) if tag == "issue" => {
            Some(value.split(';').next().unwrap_or_default().trim().to_lowercase())
        }
        _ => None,
    }
}

fn ask(server: SocketAddr, name: &str, kind: Kind, patience: Duration) -> io::Result<Reply> {
    let local: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // Not to be guessed: whoever guesses it can answer.
    let [high, low, ..] = RandomState::new().build_hasher().finish().to_be_bytes();
    let id = u16::from_be_bytes([high, low]);
    let socket = UdpSocket::bind((local, 0))?;
    socket.connect(server)?;
    socket.send(&message::question(id, name, kind))?;
    let end = Instant::now() + patience;
    let mut buffer = [0; 4096];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer"));
        }
        socket.set_read_timeout(Some(left))?;
        let length = match socket.recv(&mut buffer) {
            Ok(length) => length,
            // A read timeout is reported as one of these.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                continue;
            }
            Err(error) => return Err(error),
        };
        let message = buffer.get(..length).unwrap_or_default();
        if let Some(reply) = message::reply(message, id, kind) {
            return Ok(reply);
        }
    }
}

/// Returns the servers that a `resolv.conf` names.
fn servers(file: &str) -> Vec<SocketAddr> {
    file.lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"))
        .filter_map(|rest| rest.trim().parse().ok())
        .map(|address: IpAddr| SocketAddr::new(address, 53))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_those_of_the_system() {
        let file = "# ours\nsearch example\nnameserver 10.0.0.2\nnameserver\t2001:db8::1\noptions edns0\nnameserver x\n";
        let found: Vec<_> = servers(file).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.0.0.2:53", "[2001:db8::1]:53"]);
    }

    #[test]
    fn silent_server_is_an_error_in_time() {
        let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let resolver = Resolver::new([silent.local_addr().unwrap()]).with_patience(Duration::from_millis(50));
        let begun = Instant::now();
        let error = resolver.name_servers("school.example").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
        assert!(begun.elapsed() < Duration::from_secs(1));
        let error = Resolver::new([]).name_servers("school.example").unwrap_err();
        assert_eq!(error.to_string(), "no resolver in /etc/resolv.conf");
    }
}
