//! How many tasks there are, and when visitors suffer.

use super::balancer::Balancer;
use crate::cfn::application_autoscaling::{
    PolicyType, PredefinedMetric, ScalableDimension, ScalableTarget, ScalableTargetAction, ScalingPolicy,
    ScheduledAction, ServiceNamespace, TargetTracking,
};
use crate::cfn::cloudwatch::{Alarm, Comparison, Dimension, MissingData, PlainStatistic, Statistic};
use crate::cfn::ecs::{ClusterName, Service};
use crate::cfn::{Handle, TemplateBuilder, Text, Value, text};
use crate::settings::{Environment, EnvironmentName};
use crate::stacks::names::Names;

/// Seconds between two steps, in either direction.
const COOLDOWN: u16 = 60;

pub(super) fn build(
    template: &mut TemplateBuilder,
    settings: &Environment,
    cluster: &Value<ClusterName>,
    service: &Handle<Service>,
    balancer: &Balancer,
) {
    let target = template.add(
        "ScalableTarget",
        &ScalableTarget {
            service_namespace: ServiceNamespace::Ecs,
            scalable_dimension: ScalableDimension::EcsServiceDesiredCount,
            resource_id: text(["service/".into(), cluster.text(), "/".into(), service.name()]),
            min_capacity: settings.min_tasks,
            max_capacity: settings.max_tasks,
            scheduled_actions: settings
                .schedules
                .iter()
                .map(|schedule| ScheduledAction {
                    scheduled_action_name: schedule.name.clone(),
                    schedule: schedule.cron.expression(),
                    timezone: settings.time_zone.clone(),
                    // The lower bound alone: load may still ask for more.
                    scalable_target_action: ScalableTargetAction {
                        min_capacity: schedule.min_tasks,
                    },
                })
                .collect(),
        },
    );
    let label = text([
        balancer.itself.full_name(),
        "/".into(),
        balancer.target_group.full_name(),
    ]);
    let mut policies = vec![("CpuScaling", "cpu", PredefinedMetric::Cpu, settings.cpu_target)];
    // This metric belongs to one target group; where two take turns, it would read zero half of the time.
    if balancer.alternate.is_none() {
        policies.push((
            "RequestScaling",
            "requests",
            PredefinedMetric::RequestsPerTarget {
                resource_label: label,
            },
            settings.requests_target,
        ));
    }
    for (id, name, metric, target_value) in policies {
        template.add(
            id,
            &ScalingPolicy {
                policy_name: name.into(),
                policy_type: PolicyType::TargetTrackingScaling,
                scaling_target_id: target.id(),
                target_tracking_scaling_policy_configuration: TargetTracking {
                    predefined_metric_specification: metric,
                    target_value,
                    scale_in_cooldown: COOLDOWN,
                    scale_out_cooldown: COOLDOWN,
                },
            },
        );
    }
}

/// Adds the alarms and returns their names.
pub(super) fn alarms(
    template: &mut TemplateBuilder,
    names: &Names,
    name: EnvironmentName,
    settings: &Environment,
    balancer: &Balancer,
) -> Vec<Value<Text>> {
    let load_balancer = || Dimension {
        name: "LoadBalancer",
        value: balancer.itself.full_name(),
    };
    let target_group = || Dimension {
        name: "TargetGroup",
        value: balancer.target_group.full_name(),
    };
    let alarm = |what: &str, description: &str, metric_name, dimensions, statistic, threshold| Alarm {
        alarm_name: names.prefixed(&format!("{name}-{what}")).into(),
        alarm_description: description.to_owned(),
        namespace: "AWS/ApplicationELB",
        metric_name,
        dimensions,
        statistic,
        period: 60,
        // Two minutes in a row: one may be a single visitor's bad luck.
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        comparison_operator: Comparison::GreaterThanOrEqualToThreshold,
        threshold,
        treat_missing_data: MissingData::NotBreaching,
    };
    // Of the load balancer as a whole, so that it counts both target groups where there are two.
    let errors = alarm(
        "errors",
        "Visitors get errors",
        "HTTPCode_Target_5XX_Count",
        vec![load_balancer()],
        Statistic::Plain(PlainStatistic::Sum),
        f64::from(settings.alarms.errors),
    );
    let unhealthy = alarm(
        "unhealthy",
        "A task does not answer its health check",
        "UnHealthyHostCount",
        vec![load_balancer(), target_group()],
        Statistic::Plain(PlainStatistic::Maximum),
        1.0,
    );
    let latency = alarm(
        "latency",
        "One request in a hundred takes long",
        "TargetResponseTime",
        vec![load_balancer()],
        Statistic::Percentile("p99"),
        f64::from(settings.alarms.latency) / 1000.0,
    );
    [
        ("ErrorsAlarm", errors),
        ("UnhealthyAlarm", unhealthy),
        ("LatencyAlarm", latency),
    ]
    .into_iter()
    .map(|(id, alarm)| template.add(id, &alarm).name())
    .collect()
}
