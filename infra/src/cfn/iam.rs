//! IAM roles and policies.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::value::{Text, Value};
use super::{Arn, Handle, PolicyDocument, Statement};

/// Marker type of names of roles.
#[derive(Clone, Copy, Debug)]
pub enum RoleName {}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Role {
    pub description: String,
    pub assume_role_policy_document: PolicyDocument,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub managed_policy_arns: Vec<Value<Arn>>,
}

impl Role {
    /// Creates a role that `trust` may assume, without managed policies.
    pub fn new(description: impl Into<String>, trust: impl IntoIterator<Item = Statement>) -> Self {
        Self {
            description: description.into(),
            assume_role_policy_document: PolicyDocument::new(trust),
            managed_policy_arns: Vec::new(),
        }
    }
}

resource!(Role, "AWS::IAM::Role", List; arn: Arn = "Arn", name: RoleName = Ref);

/// An inline policy, separate from its roles so that it can reference resources that reference a role.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    pub policy_name: Value<Text>,
    pub policy_document: PolicyDocument,
    pub roles: Vec<Value<RoleName>>,
}

impl Policy {
    /// Creates a policy of one role.
    pub fn of(role: &Handle<Role>, name: &str, statements: impl IntoIterator<Item = Statement>) -> Self {
        Self {
            policy_name: name.into(),
            policy_document: PolicyDocument::new(statements),
            roles: vec![role.name()],
        }
    }
}

resource!(Policy, "AWS::IAM::Policy", None);
