//! Parameters: how one stack tells another what it made.

use serde::Serialize;

use super::value::{Text, Value};
use super::{Resource, Tagging};

/// A named value.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Parameter {
    pub name: Value<Text>,
    pub description: String,
    pub r#type: ParameterType,
    pub value: Value<Text>,
}

/// What a parameter holds.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum ParameterType {
    /// A text.
    String,
    /// Texts, with commas between them.
    StringList,
}

impl Resource for Parameter {
    const TYPE: &'static str = "AWS::SSM::Parameter";
    const TAGGING: Tagging = Tagging::Map;
}
