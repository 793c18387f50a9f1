//! CloudWatch Logs log groups and saved queries.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::Arn;
use super::value::{Text, Value};

/// Marker type of names of log groups.
#[derive(Clone, Copy, Debug)]
pub enum LogGroupName {}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LogGroup {
    pub log_group_name: Value<Text>,
    pub retention_in_days: u16,
    pub kms_key_id: Value<Arn>,
}

resource!(LogGroup, "AWS::Logs::LogGroup", List; name: LogGroupName = Ref, arn: Arn = "Arn");

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryDefinition {
    /// Slashes make folders.
    pub name: Value<Text>,
    pub query_string: String,
    pub log_group_names: Vec<Value<LogGroupName>>,
}

resource!(QueryDefinition, "AWS::Logs::QueryDefinition", None);

/// Retentions that CloudWatch supports, in days.
pub const RETENTIONS: [u16; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
