//! CIDR ranges of VPCs, and their division into subnets.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use ipnet::Ipv4Net;

/// A private IPv4 range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr(Ipv4Net);

/// Sizes of a VPC that leave room for the subnets of three zones.
const PREFIXES: std::ops::RangeInclusive<u8> = 16..=22;

impl Cidr {
    /// Default range of the dev cluster.
    pub(super) const DEV: Self = Self(Ipv4Net::new_assert(Ipv4Addr::new(10, 1, 0, 0), 20));
    /// Default range of the prod cluster.
    pub(super) const PROD: Self = Self(Ipv4Net::new_assert(Ipv4Addr::new(10, 3, 0, 0), 20));

    /// Returns true if the ranges have an address in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.0.contains(&other.0) || other.0.contains(&self.0)
    }

    /// Returns the public subnet of a zone: one of the first three sixteenths of the range. The fourth is unused.
    #[must_use]
    pub fn public_subnet(self, zone: u8) -> Self {
        self.subnet(4, zone)
    }

    /// Returns the private subnet of a zone: one of the last three quarters of the range.
    #[must_use]
    pub fn private_subnet(self, zone: u8) -> Self {
        self.subnet(2, zone + 1)
    }

    fn subnet(self, bits: u8, index: u8) -> Self {
        let mut subnets = self.0.subnets(self.0.prefix_len() + bits).into_iter().flatten();
        subnets.nth(index.into()).map_or(self, Self)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is not a usable range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// Not in CIDR notation.
    #[error("is not an IPv4 CIDR range, for example `10.1.0.0/20`")]
    Syntax,
    /// Too large for a VPC or too small for the subnets.
    #[error("must have a prefix from /{} to /{}: a VPC with room for subnets in three zones", PREFIXES.start(), PREFIXES.end())]
    Size,
    /// The address is not the first of the range.
    #[error("has host bits set; did you mean `{0}`?")]
    HostBits(Cidr),
    /// The range is public.
    #[error("is not private; use a range from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")]
    Public,
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let net: Ipv4Net = text.parse().map_err(|_| CidrError::Syntax)?;
        if !PREFIXES.contains(&net.prefix_len()) {
            Err(CidrError::Size)
        } else if net != net.trunc() {
            Err(CidrError::HostBits(Self(net.trunc())))
        } else if !net.addr().is_private() {
            Err(CidrError::Public)
        } else {
            Ok(Self(net))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_divide_the_network_without_overlap() {
        let network: Cidr = "10.1.0.0/20".parse().unwrap();
        let all: Vec<_> = (0..3)
            .map(|zone| network.public_subnet(zone))
            .chain((0..3).map(|zone| network.private_subnet(zone)))
            .collect();
        assert_eq!(
            all.iter().map(Cidr::to_string).collect::<Vec<_>>(),
            [
                "10.1.0.0/24",
                "10.1.1.0/24",
                "10.1.2.0/24",
                "10.1.4.0/22",
                "10.1.8.0/22",
                "10.1.12.0/22"
            ]
        );
        for (index, one) in all.iter().enumerate() {
            assert!(one.overlaps(network));
            assert!(
                all[index + 1..].iter().all(|other| !one.overlaps(*other)),
                "{one}"
            );
        }
    }

    #[test]
    fn errors_suggest_a_correction() {
        let error = |text: &str| text.parse::<Cidr>().unwrap_err().to_string();
        assert_eq!(
            error("10.1.3.0/20"),
            "has host bits set; did you mean `10.1.0.0/20`?"
        );
        assert_eq!(
            error("10.1.0.0"),
            "is not an IPv4 CIDR range, for example `10.1.0.0/20`"
        );
        assert!(error("10.1.0.0/24").contains("from /16 to /22"));
        assert!(error("8.8.0.0/20").contains("not private"));
    }
}
