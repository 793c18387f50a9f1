//! Look-ups in public DNS that the resolver library of the system does not offer: name servers and certification
//! authorities of a domain.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

/// Time for one look-up.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks recursive resolvers.
#[derive(Clone)]
pub struct Resolver {
    /// Or why there is none.
    inner: Result<TokioResolver, String>,
    patience: Duration,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

impl Resolver {
    /// Creates a resolver that asks these servers.
    pub fn new(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        let servers = servers.into_iter().map(|server| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
            NameServerConfig::new(server.ip(), true, connections.into())
        });
        let servers: Vec<_> = servers.collect();
        let inner = if servers.is_empty() {
            Err("no resolver in /etc/resolv.conf".to_owned())
        } else {
            let config = ResolverConfig::from_name_servers(servers);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
                .build()
                .map_err(|error| error.to_string())
        };
        Self {
            inner,
            patience: PATIENCE,
        }
    }

    /// Returns the resolver of the system: that of `/etc/resolv.conf`.
    pub fn of_system() -> Self {
        let file = fs_err::read_to_string("/etc/resolv.conf").unwrap_or_default();
        Self::new(servers(&file))
    }

    /// Sets the time of a look-up, 4 s by default.
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
    pub async fn name_servers(&self, zone: &str) -> Result<Vec<String>, String> {
        let records = self.ask(zone, RecordType::NS).await?;
        let mut names: Vec<_> = records
            .into_iter()
            .filter_map(|record| match record {
                RData::NS(name) => Some(name.to_lowercase().to_utf8().trim_end_matches('.').to_owned()),
                _ => None,
            })
            .collect();
        names.sort();
        Ok(names)
    }

    /// Returns the certification authorities that may issue certificates for a domain: the `issue` values of the CAA records
    /// of the domain or of the nearest name above it (RFC 8659). `None`: all may.
    ///
    /// # Errors
    /// No server answers in time.
    pub async fn authorities(&self, domain: &str) -> Result<Option<Vec<String>>, String> {
        let mut name = domain;
        loop {
            let records = self.ask(name, RecordType::CAA).await?;
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

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, String> {
        let resolver = self.inner.as_ref().map_err(Clone::clone)?;
        let mut name = Name::from_utf8(name).map_err(|error| format!("{name}: {error}"))?;
        // Without the search domains of this machine.
        name.set_fqdn(true);
        let answer = tokio::time::timeout(self.patience, resolver.lookup(name, kind))
            .await
            .unwrap_or(Err(NetError::Timeout));
        match answer {
            Ok(found) => Ok(found
                .answers()
                .iter()
                .filter(|record| record.record_type() == kind)
                .map(|record| record.data.clone())
                .collect()),
            Err(error) if error.is_no_records_found() || error.is_nx_domain() => Ok(Vec::new()),
            Err(error) => Err(format!("DNS: {error}")),
        }
    }
}

/// Returns the authority that an `issue` record names, without its parameters. An empty one allows nobody.
fn issuer(record: RData) -> Option<String> {
    match record {
        RData::CAA(record) if record.tag.eq_ignore_ascii_case("issue") => {
            let value = String::from_utf8_lossy(&record.value);
            Some(value.split(';').next().unwrap_or_default().trim().to_lowercase())
        }
        _ => None,
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

    #[tokio::test]
    async fn machine_without_resolver_is_an_error() {
        let error = Resolver::new([])
            .name_servers("school.example")
            .await
            .unwrap_err();
        assert_eq!(error, "no resolver in /etc/resolv.conf");
    }
}
