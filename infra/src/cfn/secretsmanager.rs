//! Secrets Manager secrets.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::value::{Text, Value, text};
use super::{Arn, Handle};

/// A secret with a generated value.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Secret {
    pub description: String,
    pub generate_secret_string: Generated,
    pub kms_key_id: Value<Arn>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Generated {
    pub password_length: u8,
    pub exclude_punctuation: bool,
}

resource!(Secret, "AWS::SecretsManager::Secret", List);

impl Handle<Secret> {
    /// Returns a dynamic reference to the value, which CloudFormation resolves without storing it.
    pub fn value(&self) -> Value<Text> {
        text(["{{resolve:secretsmanager:".into(), self.reference(), "}}".into()])
    }
}
