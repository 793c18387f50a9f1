//! CodeConnections.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::Arn;
use super::value::{Text, Value};

/// A connection to GitHub. It is PENDING until approved in the console.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Connection {
    /// At most 32 characters.
    pub connection_name: Value<Text>,
    pub provider_type: Provider,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum Provider {
    GitHub,
}

resource!(Connection, "AWS::CodeConnections::Connection", List; arn: Arn = "ConnectionArn");
