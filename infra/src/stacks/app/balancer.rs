//! Load balancer: listeners, target groups, URL.

use super::{Inputs, domain};
use crate::cfn::ec2::SecurityGroupId;
use crate::cfn::elbv2::{
    Action, Attribute, Certificate, ForwardConfig, Listener, ListenerRule, LoadBalancer, LoadBalancerType,
    Matcher, PathPatternConfig, Protocol, RuleCondition, Scheme, TargetGroup, TargetType,
    WeightedTargetGroup,
};
use crate::cfn::{Handle, TemplateBuilder, Text, Value, Values, With, literal, text};
use crate::service::{Container, LOAD_BALANCER_IDLE_TIMEOUT, PROXY_HEALTH_PATH};
use crate::settings::{Deployment, Environment, EnvironmentName};

/// The load balancer as used by the service and its alarms.
pub(super) struct Balancer {
    pub(super) itself: Handle<LoadBalancer>,
    pub(super) target_group: Handle<TargetGroup>,
    /// Listener for client requests.
    pub(super) listener: Handle<Listener>,
    /// For deployments that shift traffic.
    pub(super) alternate: Option<Alternate>,
    /// URL of the site.
    pub(super) url: Value<Text>,
}

/// A second target group, and the rule that weights both.
pub(super) struct Alternate {
    pub(super) target_group: Handle<TargetGroup>,
    pub(super) rule: Handle<ListenerRule>,
}

/// TLS 1.2 and 1.3 with post-quantum key exchange.
const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09";

pub(super) fn build(
    template: &mut TemplateBuilder,
    settings: &Environment,
    inputs: &Inputs,
    security_group: &Value<SecurityGroupId>,
    name: EnvironmentName,
    proxy: &Container,
) -> Balancer {
    let load_balancer = template.add_with(
        "LoadBalancer",
        &LoadBalancer {
            r#type: LoadBalancerType::Application,
            scheme: Scheme::InternetFacing,
            subnets: Values::List(inputs.public_subnets.clone()),
            security_groups: vec![security_group.clone()],
            load_balancer_attributes: attributes(settings, inputs, name),
        },
        protection(settings),
    );
    let target_group = template.add("TargetGroup", &target_group(inputs, proxy));
    let traffic_moves = settings.deployment != Deployment::Rolling;
    let second =
        traffic_moves.then(|| template.add("AlternateTargetGroup", &self::target_group(inputs, proxy)));

    let forward = Action::forward(&target_group);
    let http = |action| Listener {
        load_balancer_arn: load_balancer.arn(),
        port: 80,
        protocol: Protocol::Http,
        ssl_policy: None,
        certificates: Vec::new(),
        default_actions: vec![action],
    };
    let certificate = settings.certificate.as_ref().zip(inputs.certificate.as_ref());
    let listener = match certificate {
        Some((certificate, source)) => {
            template.add("RedirectListener", &http(Action::to_https()));
            let https = Listener {
                port: 443,
                protocol: Protocol::Https,
                ssl_policy: Some(TLS_POLICY),
                certificates: vec![Certificate {
                    certificate_arn: domain::certificate(template, &certificate.domain, source),
                }],
                ..http(forward)
            };
            template.add("Listener", &https)
        }
        None => template.add_with("Listener", &http(forward), allow_http()),
    };
    if let Some((certificate, domain::Source::Zone(zone))) = certificate {
        domain::record(template, &certificate.domain, zone, &load_balancer, &listener);
    }
    let alternate = second.map(|second| Alternate {
        rule: template.add("VisitorsRule", &weighted_rule(&listener, &target_group, &second)),
        target_group: second,
    });
    let url = match &settings.certificate {
        Some(certificate) => literal(format!("https://{}", certificate.domain)),
        None => text(["http://".into(), load_balancer.dns_name()]),
    };
    Balancer {
        itself: load_balancer,
        target_group,
        listener,
        alternate,
        url,
    }
}

/// Exceptions for an environment without a certificate.
fn allow_http() -> With {
    let why = "HTTP until a certificate is configured";
    With::default()
        .except("CKV_AWS_2", why)
        .except("CKV_AWS_103", why)
}

fn protection(settings: &Environment) -> With {
    if settings.deletion_protection {
        With::default()
    } else {
        With::default().except(
            "CKV_AWS_150",
            "Deletion protection is off in the settings of this environment",
        )
    }
}

fn attributes(settings: &Environment, inputs: &Inputs, name: EnvironmentName) -> Vec<Attribute> {
    let attribute = |key, value: &str| Attribute {
        key,
        value: value.into(),
    };
    vec![
        attribute(
            "idle_timeout.timeout_seconds",
            &LOAD_BALANCER_IDLE_TIMEOUT.as_secs().to_string(),
        ),
        // Against request smuggling.
        attribute("routing.http.drop_invalid_header_fields.enabled", "true"),
        attribute("routing.http.desync_mitigation_mode", "strictest"),
        attribute("routing.http2.enabled", "true"),
        attribute(
            "deletion_protection.enabled",
            &settings.deletion_protection.to_string(),
        ),
        // Allows traffic to be shifted away from an impaired zone.
        attribute("zonal_shift.config.enabled", "true"),
        attribute("access_logs.s3.enabled", "true"),
        Attribute {
            key: "access_logs.s3.bucket",
            value: inputs.access_logs.text(),
        },
        attribute("access_logs.s3.prefix", name.as_str()),
    ]
}

fn target_group(inputs: &Inputs, proxy: &Container) -> TargetGroup {
    let attribute = |key, value: &str| Attribute {
        key,
        value: value.into(),
    };
    TargetGroup {
        vpc_id: inputs.vpc.clone(),
        target_type: TargetType::Ip,
        protocol: Protocol::Http,
        port: proxy.port,
        health_check_path: PROXY_HEALTH_PATH.to_owned(),
        health_check_interval_seconds: 10,
        health_check_timeout_seconds: 5,
        healthy_threshold_count: 2,
        unhealthy_threshold_count: 2,
        matcher: Matcher { http_code: "200" },
        target_group_attributes: vec![
            // Equals the stop timeout of the task.
            attribute(
                "deregistration_delay.timeout_seconds",
                &proxy.stop.timeout.as_secs().to_string(),
            ),
            attribute("load_balancing.algorithm.type", "least_outstanding_requests"),
        ],
    }
}

/// Returns the rule whose weights ECS changes during deployments. CloudFormation does not reset them as long as the rule
/// is unchanged in the template, but reports them as drift.
fn weighted_rule(
    listener: &Handle<Listener>,
    one: &Handle<TargetGroup>,
    other: &Handle<TargetGroup>,
) -> ListenerRule {
    let weighted = |group: &Handle<TargetGroup>, weight| WeightedTargetGroup {
        target_group_arn: group.arn(),
        weight,
    };
    ListenerRule {
        listener_arn: listener.arn(),
        priority: 1,
        conditions: vec![RuleCondition {
            field: "path-pattern",
            path_pattern_config: PathPatternConfig {
                values: vec!["/*".to_owned()],
            },
        }],
        actions: vec![Action::Forward {
            forward_config: ForwardConfig {
                target_groups: vec![weighted(one, 100), weighted(other, 0)],
            },
        }],
    }
}
