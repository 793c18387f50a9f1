//! Rules for events of other services.

use serde::Serialize;
use serde_json::Value as Json;

use super::value::Value;
use super::{Arn, Resource, Tagging, Text};

/// Sends events that match on to somebody.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Rule {
    pub description: String,
    /// JSON, as EventBridge documents it.
    pub event_pattern: Json,
    pub targets: Vec<Target>,
}

impl Resource for Rule {
    const TYPE: &'static str = "AWS::Events::Rule";
    const TAGGING: Tagging = Tagging::List;
}

/// Who gets an event.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Target {
    pub id: &'static str,
    pub arn: Value<Arn>,
    pub input_transformer: InputTransformer,
}

/// Makes a sentence of an event.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct InputTransformer {
    pub input_paths_map: Json,
    pub input_template: Value<Text>,
}
