//! SNS topics and subscriptions.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::value::{Text, Value};
use super::{Arn, PolicyDocument};

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Topic {
    pub display_name: Value<Text>,
    pub kms_master_key_id: Value<Arn>,
}

resource!(Topic, "AWS::SNS::Topic", List; arn: Arn = Ref);

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Subscription {
    pub topic_arn: Value<Arn>,
    pub protocol: SubscriptionProtocol,
    pub endpoint: Value<Text>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SubscriptionProtocol {
    Email,
}

resource!(Subscription, "AWS::SNS::Subscription", None);

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TopicPolicy {
    pub topics: Vec<Value<Arn>>,
    pub policy_document: PolicyDocument,
}

resource!(TopicPolicy, "AWS::SNS::TopicPolicy", None);
