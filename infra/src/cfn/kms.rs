//! KMS keys.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::value::{Text, Value};
use super::{Arn, PolicyDocument};

/// A customer managed key.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Key {
    pub description: String,
    pub enable_key_rotation: bool,
    pub key_policy: PolicyDocument,
    /// Waiting period before deletion in days, 7 to 30.
    pub pending_window_in_days: u8,
}

resource!(Key, "AWS::KMS::Key", List; arn: Arn = "Arn");

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Alias {
    /// Starts with `alias/`.
    pub alias_name: Value<Text>,
    pub target_key_id: Value<Arn>,
}

resource!(Alias, "AWS::KMS::Alias", None);
