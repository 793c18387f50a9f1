//! Load balancers.

use serde::Serialize;

use super::ec2::{SecurityGroupId, Subnets, VpcId};
use super::value::{Text, Value};
use super::{Arn, Handle, Resource, Tagging};

/// Takes the visitors' requests.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct LoadBalancer {
    pub r#type: LoadBalancerType,
    pub scheme: Scheme,
    pub subnets: Subnets,
    pub security_groups: Vec<Value<SecurityGroupId>>,
    pub load_balancer_attributes: Vec<Attribute>,
}

impl Resource for LoadBalancer {
    const TYPE: &'static str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<LoadBalancer> {
    /// Its ARN.
    pub fn arn(&self) -> Value<Arn> {
        self.reference()
    }

    /// The name by which it is reached.
    pub fn dns_name(&self) -> Value<Text> {
        self.attribute("DNSName")
    }

    /// `app/name/id`, its name in metrics.
    pub fn full_name(&self) -> Value<Text> {
        self.attribute("LoadBalancerFullName")
    }
}

/// What it understands.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LoadBalancerType {
    /// HTTP.
    Application,
}

/// From where it is reached.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the name says it")]
pub enum Scheme {
    InternetFacing,
}

/// A setting of a load balancer or a target group.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Attribute {
    pub key: &'static str,
    pub value: Value<Text>,
}

/// Where requests go.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
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

impl Resource for TargetGroup {
    const TYPE: &'static str = "AWS::ElasticLoadBalancingV2::TargetGroup";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<TargetGroup> {
    /// Its ARN.
    pub fn arn(&self) -> Value<Arn> {
        self.reference()
    }

    /// `targetgroup/name/id`, its name in metrics.
    pub fn full_name(&self) -> Value<Text> {
        self.attribute("TargetGroupFullName")
    }
}

/// What targets are.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetType {
    /// Addresses: those of tasks.
    Ip,
}

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Protocol {
    Http,
    Https,
}

/// Which answers count as healthy.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Matcher {
    pub http_code: &'static str,
}

/// A port of the load balancer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
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

impl Resource for Listener {
    const TYPE: &'static str = "AWS::ElasticLoadBalancingV2::Listener";
    const TAGGING: Tagging = Tagging::None;
}

impl Handle<Listener> {
    /// Its ARN.
    pub fn arn(&self) -> Value<Arn> {
        self.reference()
    }
}

/// Proves who we are.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Certificate {
    pub certificate_arn: Value<Arn>,
}

/// What happens to a request.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "Type", rename_all = "kebab-case", rename_all_fields = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub enum Action {
    /// It goes to targets, by weight.
    Forward { forward_config: ForwardConfig },
    /// The visitor is sent elsewhere.
    Redirect { redirect_config: RedirectConfig },
}

impl Action {
    /// All requests to one target group.
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

    /// To the same address with `https://`, for good.
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

/// See [`Action::Forward`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ForwardConfig {
    pub target_groups: Vec<WeightedTargetGroup>,
}

/// See [`Action::Forward`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct WeightedTargetGroup {
    pub target_group_arn: Value<Arn>,
    pub weight: u16,
}

/// See [`Action::Redirect`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct RedirectConfig {
    pub protocol: Protocol,
    pub port: &'static str,
    pub status_code: &'static str,
}

/// A rule of a listener. Its actions can be changed without touching the listener.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ListenerRule {
    pub listener_arn: Value<Arn>,
    pub priority: u16,
    pub conditions: Vec<RuleCondition>,
    pub actions: Vec<Action>,
}

impl Resource for ListenerRule {
    const TYPE: &'static str = "AWS::ElasticLoadBalancingV2::ListenerRule";
    const TAGGING: Tagging = Tagging::None;
}

impl Handle<ListenerRule> {
    /// Its ARN.
    pub fn arn(&self) -> Value<Arn> {
        self.reference()
    }
}

/// Which requests a rule is for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct RuleCondition {
    pub field: &'static str,
    pub path_pattern_config: PathPatternConfig,
}

/// See [`RuleCondition`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct PathPatternConfig {
    pub values: Vec<String>,
}
