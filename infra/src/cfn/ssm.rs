//! SSM parameters.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::value::{Text, Value};

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parameter {
    pub name: Value<Text>,
    pub description: String,
    pub r#type: ParameterType,
    pub value: Value<Text>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum ParameterType {
    String,
    /// Comma-separated strings.
    StringList,
}

resource!(Parameter, "AWS::SSM::Parameter", Map);
