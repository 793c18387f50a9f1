//! Networks in CIDR notation, for trusted proxies.

use std::net::IpAddr;
use std::str::FromStr;

/// A list of networks, such as `10.0.0.0/8, fd00::/8`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

/// Loopback, the private ranges of IPv4, and the unique and link-local ones of IPv6: where load balancers,
/// container bridges and service meshes live.
pub const PRIVATE_NETWORKS: &str = "127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16, \
     100.64.0.0/10, ::1/128, fc00::/7, fe80::/10";

impl Networks {
    /// Whether an address is in one of the networks. IPv4 addresses written as IPv6 count as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }
}

impl FromStr for Networks {
    type Err = NetworkError;

    /// Reads a list separated by commas or spaces. The word `private` stands for [`PRIVATE_NETWORKS`], an empty
    /// list for nobody.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut networks = Vec::new();
        for part in text.split([',', ' ']).filter(|part| !part.is_empty()) {
            if part == "private" {
                let private = PRIVATE_NETWORKS.split(", ");
                networks.extend(private.map(Network::from_str).collect::<Result<Vec<_>, _>>()?);
            } else {
                networks.push(part.parse()?);
            }
        }
        Ok(Self(networks))
    }
}

impl std::fmt::Display for Networks {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, network) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}{}/{}", network.address, network.prefix)?;
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (network.to_bits() ^ address.to_bits())
                    .checked_shr(u32::from(32 - self.prefix))
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (network.to_bits() ^ address.to_bits())
                    .checked_shr(u32::from(128 - self.prefix))
                    .unwrap_or(0)
                    == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(head, tail)| (head, Some(tail)));
        let address: IpAddr = address
            .parse()
            .map_err(|_| NetworkError::Address(text.to_owned()))?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(prefix) => prefix
                .parse()
                .ok()
                .filter(|prefix| *prefix <= longest)
                .ok_or_else(|| NetworkError::Prefix {
                    text: text.to_owned(),
                    longest,
                })?,
        };
        let network = Self { address, prefix };
        let host_bits = match address {
            IpAddr::V4(bits) => bits.to_bits().checked_shl(u32::from(prefix)).unwrap_or(0) != 0,
            IpAddr::V6(bits) => bits.to_bits().checked_shl(u32::from(prefix)).unwrap_or(0) != 0,
        };
        if host_bits {
            Err(NetworkError::HostBits {
                text: text.to_owned(),
                prefix,
            })
        } else {
            Ok(network)
        }
    }
}

/// A network that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// No address.
    #[error("`{0}` is not a network: write an address with a prefix length, such as 10.0.0.0/8 or fd00::/8")]
    Address(String),
    /// The prefix length does not fit the family.
    #[error("`{text}` has no valid prefix length: after the slash comes a number from 0 to {longest}")]
    Prefix {
        /// What was written.
        text: String,
        /// The longest prefix of the family.
        longest: u8,
    },
    /// Bits after the prefix are set: most often a typing error that would trust another network than meant.
    #[error(
        "`{text}` is an address inside a network: clear the bits after the first {prefix}, or leave out the slash"
    )]
    HostBits {
        /// What was written.
        text: String,
        /// The prefix length.
        prefix: u8,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(text: &str) -> Networks {
        text.parse().expect("networks")
    }

    #[test]
    fn membership() {
        let some = networks("10.0.0.0/8,192.0.2.7 2001:db8::/32, 0.0.0.0/32");
        for (address, expected) in [
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("::ffff:10.1.2.3", true),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(
                some.contains(address.parse().expect("an address")),
                expected,
                "{address}"
            );
        }
        assert!(networks("0.0.0.0/0").contains([203, 0, 113, 9].into()));
        assert!(networks("::/0").contains(std::net::Ipv6Addr::LOCALHOST.into()));
        assert!(!networks("").contains([127, 0, 0, 1].into()));
        assert!(networks("private").contains([172, 31, 0, 9].into()));
        assert_eq!(networks("private").to_string(), PRIVATE_NETWORKS);
    }

    #[test]
    fn invalid_networks_have_hints() {
        let error = |text: &str| text.parse::<Networks>().expect_err("a mistake").to_string();
        insta::assert_snapshot!(error("10.0.0.0/33"), @"`10.0.0.0/33` has no valid prefix length: after the slash comes a number from 0 to 32");
        insta::assert_snapshot!(error("10.0.0.0/"), @"`10.0.0.0/` has no valid prefix length: after the slash comes a number from 0 to 32");
        insta::assert_snapshot!(error("vpc"), @"`vpc` is not a network: write an address with a prefix length, such as 10.0.0.0/8 or fd00::/8");
        insta::assert_snapshot!(error("10.1.0.0/8"), @"`10.1.0.0/8` is an address inside a network: clear the bits after the first 8, or leave out the slash");
    }
}
