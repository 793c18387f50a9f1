//! Network access: rules of security groups.

use std::fmt;

use ipnet::IpNet;
use serde_json::Value as Json;

use super::{Area, Widening, inline, items, properties, subject};
use crate::plan::{entries, kind};

/// A rule of a security group.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    group: String,
    inward: bool,
    /// `-1` means all protocols.
    protocol: String,
    ports: Ports,
    /// A CIDR range, or the peer group or prefix list.
    peer: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Ports {
    All,
    Range(i64, i64),
    /// Known only at deployment.
    Dynamic(String),
}

pub(super) fn widening(old: &Json, new: &Json) -> Vec<Widening> {
    let before = rules(old);
    rules(new)
        .into_iter()
        .filter(|rule| !rule.denies_egress() && !before.iter().any(|other| other.covers(rule)))
        .map(|rule| Widening {
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
                    // The default egress rule of a group.
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
        .map_or_else(|| "unknown".to_owned(), subject);
        let protocol = json.get("IpProtocol").map_or_else(|| "-1".to_owned(), subject);
        Self {
            ports: Ports::read(&protocol, json),
            group,
            inward,
            protocol,
            peer,
        }
    }

    /// Returns true if it allows all that `other` allows.
    fn covers(&self, other: &Self) -> bool {
        self.group == other.group
            && self.inward == other.inward
            && (self.protocol == "-1" || self.protocol == other.protocol)
            && self.ports.cover(&other.ports)
            && (self.peer == other.peer || range_covers(&self.peer, &other.peer))
    }

    /// Returns true for a rule to loopback, the convention for denying egress.
    fn denies_egress(&self) -> bool {
        !self.inward && matches!(self.peer.as_str(), "127.0.0.1/32" | "::1/128")
    }

    fn is_for_all(&self) -> bool {
        matches!(self.peer.as_str(), "0.0.0.0/0" | "::/0")
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.inward {
            "allows inbound "
        } else {
            "allows outbound "
        })?;
        match (self.protocol.as_str(), &self.ports) {
            ("-1", _) => f.write_str("all traffic")?,
            (protocol, Ports::All) => write!(f, "{protocol} (all ports)")?,
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

/// Returns true if the CIDR range `inner` is in `outer`.
fn range_covers(outer: &str, inner: &str) -> bool {
    match (outer.parse::<IpNet>(), inner.parse::<IpNet>()) {
        (Ok(outer), Ok(inner)) => outer.contains(&inner),
        _ => false,
    }
}
