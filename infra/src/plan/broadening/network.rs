//! Which packets pass that did not: the rules of security groups.

use std::fmt;
use std::net::IpAddr;

use serde_json::Value as Json;

use super::{Area, Broadening, inline, items, properties, subject};
use crate::plan::{entries, kind};

/// A rule of a security group.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    group: String,
    inward: bool,
    /// `-1` is all of them.
    protocol: String,
    ports: Ports,
    /// A range of addresses, or who else is at the other end.
    peer: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Ports {
    All,
    Range(i64, i64),
    /// Only known when the stack is deployed.
    Dynamic(String),
}

pub(super) fn broadening(old: &Json, new: &Json) -> Vec<Broadening> {
    let before = rules(old);
    rules(new)
        .into_iter()
        .filter(|rule| !rule.is_for_nobody() && !before.iter().any(|other| other.covers(rule)))
        .map(|rule| Broadening {
            area: Area::Network,
            wildcard: rule.is_for_all(),
            change: rule.to_string(),
            resource: rule.group,
        })
        .collect()
}

fn rules(template: &Json) -> Vec<Rule> {
    let mut found = Vec::new();
    for (id, resource) in entries(template, "Resources") {
        let properties = properties(resource);
        let about = |key: &str| properties.get(key).map_or_else(|| id.to_owned(), subject);
        match kind(resource) {
            "AWS::EC2::SecurityGroup" => {
                for (key, inward) in [("SecurityGroupIngress", true), ("SecurityGroupEgress", false)] {
                    let list = items(properties.get(key));
                    found.extend(
                        list.into_iter()
                            .map(|rule| Rule::read(id.to_owned(), inward, rule)),
                    );
                }
                if properties.get("SecurityGroupEgress").is_none() {
                    // What a group gets that says nothing of it.
                    found.push(Rule {
                        group: id.to_owned(),
                        inward: false,
                        protocol: "-1".to_owned(),
                        ports: Ports::All,
                        peer: "0.0.0.0/0".to_owned(),
                    });
                }
            }
            "AWS::EC2::SecurityGroupIngress" => found.push(Rule::read(about("GroupId"), true, properties)),
            "AWS::EC2::SecurityGroupEgress" => found.push(Rule::read(about("GroupId"), false, properties)),
            _ => {}
        }
    }
    found
}

impl Rule {
    fn read(group: String, inward: bool, json: &Json) -> Self {
        let peer = [
            "CidrIp",
            "CidrIpv6",
            "SourceSecurityGroupId",
            "SourceSecurityGroupName",
            "SourcePrefixListId",
            "DestinationSecurityGroupId",
            "DestinationPrefixListId",
        ]
        .into_iter()
        .find_map(|key| json.get(key))
        .map_or_else(|| "nobody".to_owned(), subject);
        let protocol = json.get("IpProtocol").map_or_else(|| "-1".to_owned(), subject);
        Self {
            ports: Ports::read(&protocol, json),
            group,
            inward,
            protocol,
            peer,
        }
    }

    /// True if it lets pass all that `other` does.
    fn covers(&self, other: &Self) -> bool {
        self.group == other.group
            && self.inward == other.inward
            && (self.protocol == "-1" || self.protocol == other.protocol)
            && self.ports.cover(&other.ports)
            && (self.peer == other.peer || range_covers(&self.peer, &other.peer))
    }

    /// A way to this very machine is how a group is told to let nothing out.
    fn is_for_nobody(&self) -> bool {
        !self.inward && matches!(self.peer.as_str(), "127.0.0.1/32" | "::1/128")
    }

    fn is_for_all(&self) -> bool {
        matches!(self.peer.as_str(), "0.0.0.0/0" | "::/0")
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.inward { "lets in " } else { "lets out " })?;
        match (self.protocol.as_str(), &self.ports) {
            ("-1", _) => f.write_str("everything")?,
            (protocol, Ports::All) => write!(f, "all of {protocol}")?,
            (protocol, Ports::Range(from, to)) if from == to => write!(f, "{protocol} {from}")?,
            (protocol, Ports::Range(from, to)) => write!(f, "{protocol} {from}-{to}")?,
            (protocol, Ports::Dynamic(ports)) => write!(f, "{protocol} {ports}")?,
        }
        f.write_str(if self.inward { " from " } else { " to " })?;
        f.write_str(if self.is_for_all() { "anywhere" } else { &self.peer })
    }
}

impl Ports {
    fn read(protocol: &str, json: &Json) -> Self {
        let number = |key: &str| {
            let value = json.get(key)?;
            value.as_i64().or_else(|| value.as_str()?.parse().ok())
        };
        let (from, to) = (json.get("FromPort"), json.get("ToPort"));
        if protocol == "-1" || (from.is_none() && to.is_none()) {
            return Self::All;
        }
        if let (Some(from), Some(to)) = (number("FromPort"), number("ToPort")) {
            return Self::Range(from, to);
        }
        let show = |value: Option<&Json>| value.map_or_else(String::new, inline);
        Self::Dynamic(format!("{}-{}", show(from), show(to)))
    }

    fn cover(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Range(from, to), Self::Range(first, last)) => from <= first && last <= to,
            _ => self == other,
        }
    }
}

/// True if all of `inner` is in `outer`, where both are ranges of addresses.
fn range_covers(outer: &str, inner: &str) -> bool {
    let read = |text: &str| -> Option<(IpAddr, u32)> {
        let (address, prefix) = text.split_once('/')?;
        Some((address.parse().ok()?, prefix.parse().ok()?))
    };
    let (Some((outer, wide)), Some((inner, narrow))) = (read(outer), read(inner)) else {
        return false;
    };
    // Both as wide as the longer kind of address, so that the same shift tells.
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
        IpAddr::V6(address) => u128::from(address),
    };
    let differing = bits(outer) ^ bits(inner);
    outer.is_ipv4() == inner.is_ipv4()
        && wide <= narrow
        && differing.checked_shr(128 - wide).unwrap_or(0) == 0
}
