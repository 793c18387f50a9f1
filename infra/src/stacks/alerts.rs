//! Alerts: the SNS topic of a cluster, for alarms, failed deployments and pipelines.

use serde_json::json;

use super::names::{Names, local_arn, local_arn_of};
use super::shared::Shared;
use crate::cfn::ecs::Cluster;
use crate::cfn::{
    Arn, Condition, Handle, PolicyDocument, Principal, Statement, TemplateBuilder, Text, Value, events, kms,
    region, sns, stack_name, text, url_suffix,
};
use crate::settings::ClusterName;

/// Adds the topic, its e-mail subscription and a rule for failed ECS deployments.
pub(super) fn build(
    template: &mut TemplateBuilder,
    names: &Names,
    cluster: ClusterName,
    ecs_cluster: &Handle<Cluster>,
    key: &Handle<kms::Key>,
    email: &str,
) -> Handle<sns::Topic> {
    let topic = template.add(
        "Topic",
        &sns::Topic {
            display_name: format!("{} {}", names.project(), cluster.as_str()).into(),
            kms_master_key_id: key.arn(),
        },
    );
    template.add(
        "TopicPolicy",
        &sns::TopicPolicy {
            topics: vec![topic.arn()],
            policy_document: PolicyDocument::new([
                Statement::allow(["sns:Publish"])
                    .named("EventsMaySend")
                    .to(Principal::Service("events.amazonaws.com"))
                    // EventBridge sends no source account or ARN: a condition on either would block it.
                    .on([topic.arn()]),
                Statement::allow(["sns:Publish"])
                    .named("AlarmsMaySend")
                    .to(Principal::Service("cloudwatch.amazonaws.com"))
                    .on([topic.arn()])
                    .when(Condition::arn_like(
                        "aws:SourceArn",
                        local_arn_of("cloudwatch", &format!("alarm:{}", names.prefixed("*"))),
                    )),
            ]),
        },
    );
    template.add(
        "Subscription",
        &sns::Subscription {
            topic_arn: topic.arn(),
            protocol: sns::SubscriptionProtocol::Email,
            endpoint: email.into(),
        },
    );
    template.add(
        "DeploymentRule",
        &events::Rule {
            description: "Notifies of failed ECS deployments".to_owned(),
            event_pattern: json!({
                "source": ["aws.ecs"],
                "detail-type": ["ECS Deployment State Change"],
                "resources": [{ "prefix": local_arn(
                    "ecs",
                    ["service/".into(), ecs_cluster.name().text(), "/".into()],
                ) }],
                "detail": { "eventName": ["SERVICE_DEPLOYMENT_FAILED"] },
            }),
            targets: vec![events::Target {
                id: "topic",
                arn: topic.arn(),
                input_transformer: events::InputTransformer {
                    input_paths_map: json!({ "service": "$.resources[0]", "reason": "$.detail.reason" }),
                    input_template: text(["\"Deployment of <service> failed: <reason>\"".into()]),
                },
            }],
        },
    );
    topic
}

/// Returns the statements of the key policy for services that publish to the encrypted topic.
pub(super) fn publishers_use_key() -> [Statement; 2] {
    [
        ("EventsMaySend", "events.amazonaws.com"),
        ("AlarmsMaySend", "cloudwatch.amazonaws.com"),
    ]
    .map(|(name, service)| {
        Statement::allow(["kms:Decrypt", "kms:GenerateDataKey"])
            .named(name)
            .to(Principal::Service(service))
            .on_any()
            // EventBridge sends no source; the encryption context is the only condition that it can meet.
            .when(Condition::arn_like(
                "kms:EncryptionContext:aws:sns:topicArn",
                local_arn("sns", [stack_name(), "-*".into()]),
            ))
    })
}

/// The topic of a cluster and its key, imported by another stack.
pub(super) struct Alerts {
    pub(super) topic: Value<Arn>,
    key: Value<Arn>,
}

/// Imports the topic of a cluster.
pub(super) fn of_cluster(template: &mut TemplateBuilder, names: &Names, cluster: ClusterName) -> Alerts {
    let mut shared = Shared {
        template,
        parameter: |what| names.cluster_parameter(cluster, what),
    };
    Alerts {
        topic: shared.take("TopicArn", "String", "topic-arn"),
        key: shared.take("LogKeyArn", "String", "log-key-arn"),
    }
}

impl Alerts {
    /// Returns the statements that allow publishing to the topic.
    pub(super) fn send(&self) -> [Statement; 2] {
        [
            Statement::allow(["sns:Publish"]).on([self.topic.clone()]),
            Statement::allow(["kms:Decrypt", "kms:GenerateDataKey"])
                .on([self.key.clone()])
                .when(Condition::equals::<Text>(
                    "kms:ViaService",
                    text(["sns.".into(), region(), ".".into(), url_suffix()]),
                )),
        ]
    }
}
