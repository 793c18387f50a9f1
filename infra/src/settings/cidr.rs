//! Address ranges, and how a network's range is shared out among its subnets.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A range of IPv4 addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    first: Ipv4Addr,
    prefix: u8,
}

/// Room for three zones' subnets, and no larger than a VPC can be.
const PREFIXES: std::ops::RangeInclusive<u8> = 16..=22;

impl Cidr {
    /// A range that is known to be right.
    pub(super) fn of(octets: [u8; 4], prefix: u8) -> Self {
        Self {
            first: Ipv4Addr::from(octets),
            prefix,
        }
    }

    fn first(self) -> u32 {
        u32::from(self.first)
    }

    /// Number of addresses. The prefix is never 0.
    fn size(self) -> u32 {
        1 << (32 - self.prefix)
    }

    /// True if some address is in both.
    pub fn overlaps(self, other: Self) -> bool {
        self.first() < other.first().saturating_add(other.size())
            && other.first() < self.first().saturating_add(self.size())
    }

    /// The public subnet of a zone: a sixteenth. Three of them are in the first quarter, the fourth sixteenth is
    /// spare.
    #[must_use]
    pub fn public_subnet(self, zone: u8) -> Self {
        self.part(4, zone)
    }

    /// The private subnet of a zone: a quarter. The three of them are the last three quarters.
    #[must_use]
    pub fn private_subnet(self, zone: u8) -> Self {
        self.part(2, zone + 1)
    }

    fn part(self, bits: u8, index: u8) -> Self {
        let prefix = self.prefix + bits;
        Self {
            first: Ipv4Addr::from(self.first() + (u32::from(index) << (32 - prefix))),
            prefix,
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

/// What is wrong with a range, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCidr {
    /// Not even a range.
    #[error("is no range of IPv4 addresses; one looks like `10.1.0.0/20`")]
    NotARange,
    /// A range whose size is of no use.
    #[error("must have a prefix from /{} to /{}, to be a VPC that holds the subnets of three zones", PREFIXES.start(), PREFIXES.end())]
    Size,
    /// Its first address is not the first.
    #[error("begins in the middle of a range; the whole one is `{0}`")]
    NotTheFirst(Cidr),
    /// An address that belongs to somebody else.
    #[error("is not private; take one from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")]
    NotPrivate,
}

impl FromStr for Cidr {
    type Err = BadCidr;

    fn from_str(text: &str) -> Result<Self, BadCidr> {
        let (first, prefix) = text.split_once('/').ok_or(BadCidr::NotARange)?;
        let first: Ipv4Addr = first.parse().map_err(|_| BadCidr::NotARange)?;
        let prefix: u8 = prefix.parse().map_err(|_| BadCidr::NotARange)?;
        if !PREFIXES.contains(&prefix) {
            return Err(if prefix > 32 {
                BadCidr::NotARange
            } else {
                BadCidr::Size
            });
        }
        let mask = u32::MAX << (32 - prefix);
        let whole = Self {
            first: Ipv4Addr::from(u32::from(first) & mask),
            prefix,
        };
        if whole.first != first {
            return Err(BadCidr::NotTheFirst(whole));
        }
        if !first.is_private() {
            return Err(BadCidr::NotPrivate);
        }
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_share_out_the_network() {
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
    fn bad_ranges_say_what_would_be_right() {
        let error = |text: &str| text.parse::<Cidr>().unwrap_err().to_string();
        assert_eq!(
            error("10.1.3.0/20"),
            "begins in the middle of a range; the whole one is `10.1.0.0/20`"
        );
        assert_eq!(
            error("10.1.0.0"),
            "is no range of IPv4 addresses; one looks like `10.1.0.0/20`"
        );
        assert!(error("10.1.0.0/24").contains("from /16 to /22"));
        assert!(error("8.8.0.0/20").contains("not private"));
    }
}
