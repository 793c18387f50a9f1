//! Connections to where the source is.

use serde::Serialize;

use super::value::{Text, Value};
use super::{Arn, Handle, Resource, Tagging};

/// Access to repositories on GitHub. Pending until somebody agrees to it in the console.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Connection {
    /// At most 32 characters.
    pub connection_name: Value<Text>,
    pub provider_type: Provider,
}

/// Who keeps the source.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the name says it")]
pub enum Provider {
    GitHub,
}

impl Resource for Connection {
    const TYPE: &'static str = "AWS::CodeConnections::Connection";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<Connection> {
    /// Its ARN.
    pub fn arn(&self) -> Value<Arn> {
        self.attribute("ConnectionArn")
    }
}
