//! EventBridge rules.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;
use serde_json::Value as Json;

use super::value::Value;
use super::{Arn, Text};

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Rule {
    pub description: String,
    /// An EventBridge event pattern.
    pub event_pattern: Json,
    pub targets: Vec<Target>,
}

resource!(Rule, "AWS::Events::Rule", List);

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Target {
    pub id: &'static str,
    pub arn: Value<Arn>,
    pub input_transformer: InputTransformer,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InputTransformer {
    pub input_paths_map: Json,
    pub input_template: Value<Text>,
}
