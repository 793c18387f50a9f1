//! Log groups.

use serde::Serialize;

use super::value::{Text, Value};
use super::{Arn, Handle, Resource, Tagging};

/// Kind of the name of a log group.
#[derive(Clone, Copy, Debug)]
pub enum LogGroupName {}

/// Where somebody writes logs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct LogGroup {
    pub log_group_name: Value<Text>,
    pub retention_in_days: u16,
    pub kms_key_id: Value<Arn>,
}

impl Resource for LogGroup {
    const TYPE: &'static str = "AWS::Logs::LogGroup";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<LogGroup> {
    /// Its name.
    pub fn name(&self) -> Value<LogGroupName> {
        self.reference()
    }

    /// Its ARN, which ends in `:*`.
    pub fn arn(&self) -> Value<Arn> {
        self.attribute("Arn")
    }
}

/// The retentions that CloudWatch knows, in days.
pub const RETENTIONS: [u16; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
