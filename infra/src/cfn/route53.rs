//! Route 53.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::value::{Text, Value};

/// Marker type of IDs of hosted zones.
#[derive(Clone, Copy, Debug)]
pub enum HostedZoneId {}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordSet {
    pub name: Value<Text>,
    pub r#type: RecordType,
    pub hosted_zone_id: Value<HostedZoneId>,
    pub alias_target: AliasTarget,
}

resource!(RecordSet, "AWS::Route53::RecordSet", None);

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    /// IPv4 address.
    A,
}

/// An AWS resource that the record points to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasTarget {
    #[serde(rename = "DNSName")]
    pub dns_name: Value<Text>,
    /// Zone of the resource, not of the record.
    pub hosted_zone_id: Value<HostedZoneId>,
    pub evaluate_target_health: bool,
}
