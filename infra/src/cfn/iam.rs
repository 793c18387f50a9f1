//! Roles.

use serde::Serialize;

use super::value::{Text, Value};
use super::{Arn, Handle, PolicyDocument, Resource, Tagging};

/// Kind of the name of a role.
#[derive(Clone, Copy, Debug)]
pub enum RoleName {}

/// What a service may do in our name.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Role {
    pub description: String,
    pub assume_role_policy_document: PolicyDocument,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub managed_policy_arns: Vec<Value<Arn>>,
}

impl Resource for Role {
    const TYPE: &'static str = "AWS::IAM::Role";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<Role> {
    /// Its ARN.
    pub fn arn(&self) -> Value<Arn> {
        self.attribute("Arn")
    }

    /// Its name.
    pub fn name(&self) -> Value<RoleName> {
        self.reference()
    }
}

/// A policy of roles. Apart from them, so that it can name resources which name the role.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Policy {
    pub policy_name: Value<Text>,
    pub policy_document: PolicyDocument,
    pub roles: Vec<Value<RoleName>>,
}

impl Resource for Policy {
    const TYPE: &'static str = "AWS::IAM::Policy";
    const TAGGING: Tagging = Tagging::None;
}
