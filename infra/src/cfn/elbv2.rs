//! Elastic Load Balancing v2.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::ec2::{SecurityGroupId, Subnets, VpcId};
use super::route53::HostedZoneId;
use super::value::{Text, Value};
use super::{Arn, Handle};

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LoadBalancer {
    pub r#type: LoadBalancerType,
    pub scheme: Scheme,
    pub subnets: Subnets,
    pub security_groups: Vec<Value<SecurityGroupId>>,
    pub load_balancer_attributes: Vec<Attribute>,
}

resource!(LoadBalancer, "AWS::ElasticLoadBalancingV2::LoadBalancer", List;
    arn: Arn = Ref, dns_name: Text = "DNSName", full_name: Text = "LoadBalancerFullName",
    hosted_zone_id: HostedZoneId = "CanonicalHostedZoneID");

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LoadBalancerType {
    Application,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    InternetFacing,
}

/// An attribute of a load balancer or target group.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    pub key: &'static str,
    pub value: Value<Text>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TargetGroup {
    pub vpc_id: Value<VpcId>,
    pub target_type: TargetType,
    pub protocol: Protocol,
    pub port: u16,
    pub health_check_path: String,
    pub health_check_interval_seconds: u16,
    pub health_check_timeout_seconds: u16,
    pub healthy_threshold_count: u8,
    pub unhealthy_threshold_count: u8,
    pub matcher: Matcher,
    pub target_group_attributes: Vec<Attribute>,
}

resource!(TargetGroup, "AWS::ElasticLoadBalancingV2::TargetGroup", List;
    arn: Arn = Ref, full_name: Text = "TargetGroupFullName");

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetType {
    /// IP addresses of tasks.
    Ip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    Http,
    Https,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Matcher {
    pub http_code: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Listener {
    pub load_balancer_arn: Value<Arn>,
    pub port: u16,
    pub protocol: Protocol,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
    pub default_actions: Vec<Action>,
}

resource!(Listener, "AWS::ElasticLoadBalancingV2::Listener", List; arn: Arn = Ref);

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Certificate {
    pub certificate_arn: Value<Arn>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "Type", rename_all = "kebab-case", rename_all_fields = "PascalCase")]
pub enum Action {
    Forward { forward_config: ForwardConfig },
    Redirect { redirect_config: RedirectConfig },
}

impl Action {
    /// Returns an action that forwards to one target group.
    pub fn forward(target_group: &Handle<TargetGroup>) -> Self {
        Self::Forward {
            forward_config: ForwardConfig {
                target_groups: vec![WeightedTargetGroup {
                    target_group_arn: target_group.arn(),
                    weight: 1,
                }],
            },
        }
    }

    /// Returns a permanent redirect to the same URL with `https://`.
    pub fn to_https() -> Self {
        Self::Redirect {
            redirect_config: RedirectConfig {
                protocol: Protocol::Https,
                port: "443",
                status_code: "HTTP_301",
            },
        }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ForwardConfig {
    pub target_groups: Vec<WeightedTargetGroup>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct WeightedTargetGroup {
    pub target_group_arn: Value<Arn>,
    pub weight: u16,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RedirectConfig {
    pub protocol: Protocol,
    pub port: &'static str,
    pub status_code: &'static str,
}

/// A listener rule, whose actions can change without changing the listener.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListenerRule {
    pub listener_arn: Value<Arn>,
    pub priority: u16,
    pub conditions: Vec<RuleCondition>,
    pub actions: Vec<Action>,
}

resource!(ListenerRule, "AWS::ElasticLoadBalancingV2::ListenerRule", List; arn: Arn = Ref);

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RuleCondition {
    pub field: &'static str,
    pub path_pattern_config: PathPatternConfig,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PathPatternConfig {
    pub values: Vec<String>,
}
