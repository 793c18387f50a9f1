//! Topics: who is told.

use serde::Serialize;

use super::value::{Text, Value};
use super::{Arn, Handle, PolicyDocument, Resource, Tagging};

/// Passes messages on to those who subscribed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Topic {
    pub display_name: Value<Text>,
    pub kms_master_key_id: Value<Arn>,
}

impl Resource for Topic {
    const TYPE: &'static str = "AWS::SNS::Topic";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<Topic> {
    /// Its ARN.
    pub fn arn(&self) -> Value<Arn> {
        self.reference()
    }
}

/// Somebody who is told.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Subscription {
    pub topic_arn: Value<Arn>,
    pub protocol: SubscriptionProtocol,
    pub endpoint: Value<Text>,
}

/// How somebody is told.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the name says it")]
pub enum SubscriptionProtocol {
    Email,
}

impl Resource for Subscription {
    const TYPE: &'static str = "AWS::SNS::Subscription";
    const TAGGING: Tagging = Tagging::None;
}

/// Who may send to a topic.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct TopicPolicy {
    pub topics: Vec<Value<Arn>>,
    pub policy_document: PolicyDocument,
}

impl Resource for TopicPolicy {
    const TYPE: &'static str = "AWS::SNS::TopicPolicy";
    const TAGGING: Tagging = Tagging::None;
}
