//! Service auto scaling: bounds, policies, schedules.

use super::balancer::Balancer;
use crate::cfn::application_autoscaling::{
    PolicyType, PredefinedMetric, ScalableDimension, ScalableTarget, ScalableTargetAction, ScalingPolicy,
    ScheduledAction, ServiceNamespace, TargetTracking,
};
use crate::cfn::ecs::{ClusterName, Service};
use crate::cfn::{Handle, TemplateBuilder, Value, text};
use crate::settings::Environment;

/// Seconds between scaling activities.
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
                    // Only the minimum: load can still scale out.
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
    // This metric is per target group; with two, it would be zero half of the time.
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
