//! Keys.

use serde::Serialize;

use super::value::{Text, Value};
use super::{Arn, Handle, PolicyDocument, Resource, Tagging};

/// A key that the account manages itself.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Key {
    pub description: String,
    pub enable_key_rotation: bool,
    pub key_policy: PolicyDocument,
    /// Days between its deletion and its end, 7 to 30.
    pub pending_window_in_days: u8,
}

impl Resource for Key {
    const TYPE: &'static str = "AWS::KMS::Key";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<Key> {
    /// Its ARN.
    pub fn arn(&self) -> Value<Arn> {
        self.attribute("Arn")
    }
}

/// A name for a key.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Alias {
    /// Begins with `alias/`.
    pub alias_name: Value<Text>,
    pub target_key_id: Value<Arn>,
}

impl Resource for Alias {
    const TYPE: &'static str = "AWS::KMS::Alias";
    const TAGGING: Tagging = Tagging::None;
}
