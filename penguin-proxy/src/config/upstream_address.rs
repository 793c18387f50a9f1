//! `host:port` of the app, validated without a DNS lookup.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::parse::Refused;

const REMEDY: &str = "write host:port, such as localhost:3000, app:3000 or [::1]:3000";

/// The one neighbour: a name or an address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamAddress {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Ip(IpAddr),
    Name(String),
}

impl UpstreamAddress {
    /// The port at every address of the host.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The name that must be resolved, if there is anything to resolve.
    ///
    /// `localhost` is never asked of a name server (RFC 6761, section 6.3): an image without `/etc/hosts` must not send
    /// the proxy to a stranger.
    pub fn name(&self) -> Option<&str> {
        match &self.host {
            Host::Name(name) if !is_localhost(name) => Some(name),
            Host::Name(_) | Host::Ip(_) => None,
        }
    }

    /// The addresses that are known without resolution; empty for a name.
    pub fn fixed(&self) -> Vec<SocketAddr> {
        match &self.host {
            Host::Ip(ip) => vec![SocketAddr::new(*ip, self.port)],
            Host::Name(name) if is_localhost(name) => vec![
                SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)),
                SocketAddr::from((Ipv6Addr::LOCALHOST, self.port)),
            ],
            Host::Name(_) => Vec::new(),
        }
    }

    /// Refuses an upstream whose known address is one of these listeners. Names are resolved only later.
    pub(super) fn check_loop(&self, listeners: &[(&'static str, Option<SocketAddr>)]) -> Result<(), Refused> {
        let looped = listeners.iter().find_map(|(variable, listen)| {
            let listen = (*listen)?;
            let reached = self.fixed().into_iter().any(|address| reaches(address, listen));
            reached.then_some((variable, listen))
        });
        match looped {
            None => Ok(()),
            Some((variable, listen)) => Err(Refused::new(
                format!("is this proxy itself ({variable}={listen})"),
                "write the app's own host and port, such as localhost:3000",
            )),
        }
    }
}

/// Whether a connection to `upstream` reaches a listener at `listen` on this host.
fn reaches(upstream: SocketAddr, listen: SocketAddr) -> bool {
    let (theirs, ours) = (upstream.ip().to_canonical(), listen.ip().to_canonical());
    // The unspecified address accepts at all addresses, and a connection to it goes to loopback.
    let same_host = theirs == ours
        || (ours.is_unspecified() && (theirs.is_loopback() || theirs.is_unspecified()))
        || (theirs.is_unspecified() && ours.is_loopback());
    let same_family = ours.is_ipv4() == theirs.is_ipv4() || ours == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    upstream.port() == listen.port() && same_host && same_family
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl fmt::Display for UpstreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]:{}", self.port),
            Host::Ip(IpAddr::V4(ip)) => write!(f, "{ip}:{}", self.port),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

/// Reads `host:port`.
pub(super) fn parse(text: &str) -> Result<UpstreamAddress, Refused> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let remedy = if scheme == "http" {
            "leave out http:// and any path: host:port is all"
        } else {
            REMEDY
        };
        return Err(Refused::new(format!("has a scheme in front of {rest:?}"), remedy));
    }
    if text.contains('/') {
        return Err(Refused::new(
            "has a path",
            "leave out the path: the request's own path is passed on",
        ));
    }
    if Ipv6Addr::from_str(text).is_ok() {
        return Err(Refused::new(
            "is an IPv6 address without brackets and port",
            "write [address]:port, such as [::1]:3000",
        ));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(Refused::new("has no port", REMEDY));
    };
    let port = match u16::from_str(port) {
        Ok(port) if port > 0 => port,
        _ => {
            return Err(Refused::new(
                format!("has {port:?} for a port"),
                "write a port from 1 to 65535 after the colon",
            ));
        }
    };
    let host = if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        match Ipv6Addr::from_str(inner) {
            Ok(ip) => Host::Ip(ip.into()),
            Err(_) => return Err(Refused::new(format!("has {inner:?} for an IPv6 address"), REMEDY)),
        }
    } else if let Ok(ip) = Ipv4Addr::from_str(host) {
        Host::Ip(ip.into())
    } else {
        Host::Name(name(host)?)
    };
    Ok(UpstreamAddress { host, port })
}

/// Letters, digits, hyphens, dots, and the underscore that compose service names may have.
fn name(host: &str) -> Result<String, Refused> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let bare = host.strip_suffix('.').unwrap_or(host);
    let numeric_end = bare
        .rsplit('.')
        .next()
        .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    if bare.is_empty() {
        Err(Refused::new("has no host", REMEDY))
    } else if bare.len() > 253 || !bare.split('.').all(label) || numeric_end {
        Err(Refused::new(
            format!("has {host:?} for a host, which is neither a name nor an address"),
            REMEDY,
        ))
    } else {
        Ok(host.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_and_addresses() {
        for text in [
            "localhost:3000",
            "app:3000",
            "my_app.internal:80",
            "10.0.0.1:3000",
            "[::1]:3000",
        ] {
            assert_eq!(parse(text).map(|a| a.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn localhost_is_both_loopback_addresses_without_dns() {
        let address = parse("localhost:3000").unwrap();
        assert_eq!(address.name(), None);
        assert_eq!(address.fixed().len(), 2);
        assert_eq!(parse("app:3000").unwrap().name(), Some("app"));
    }

    #[test]
    fn invalid_upstreams_have_hints() {
        let said: Vec<String> = [
            "app",
            "http://app:3000",
            "https://app",
            "app:3000/",
            "app:0",
            "app:http",
            ":3000",
            "a b:80",
            "::1",
            "[::1",
            "1.2.3:80",
            "-app:80",
            "",
        ]
        .iter()
        .map(|text| match parse(text) {
            Ok(address) => format!("{text:?} was taken as {address}"),
            Err(Refused { reason, remedy }) => format!("{text:?} {reason}: {remedy}"),
        })
        .collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn an_upstream_reaches_the_listeners_of_its_host() {
        for (upstream, listen, expected) in [
            ("localhost:8080", "[::]:8080", true),
            ("127.0.0.1:8080", "[::]:8080", true),
            ("127.0.0.2:8080", "0.0.0.0:8080", true),
            ("[::1]:8080", "[::]:8080", true),
            ("0.0.0.0:8080", "127.0.0.1:8080", true),
            ("10.0.0.1:8080", "10.0.0.1:8080", true),
            ("[::ffff:127.0.0.1]:8080", "127.0.0.1:8080", true),
            ("[::1]:8080", "0.0.0.0:8080", false),
            ("127.0.0.1:8080", "127.0.0.2:8080", false),
            ("127.0.0.1:3000", "[::]:8080", false),
            ("10.0.0.1:8080", "[::]:8080", false),
            ("app:8080", "[::]:8080", false),
        ] {
            let upstream = parse(upstream).unwrap();
            let listen = [("PROXY_LISTEN", Some(listen.parse().unwrap()))];
            assert_eq!(
                upstream.check_loop(&listen).is_err(),
                expected,
                "{upstream} {listen:?}"
            );
        }
    }
}
