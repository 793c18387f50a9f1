//! CloudWatch alarms that notify and roll a deployment back, and one that only notifies.

use super::balancer::Balancer;
use crate::cfn::cloudwatch::{
    Alarm, Comparison, Dimension, ExpressionAlarm, Metric, MetricDataQuery, MetricStat, MissingData,
    PlainStatistic, Statistic,
};
use crate::cfn::{Arn, Handle, TemplateBuilder, Value};
use crate::settings::{Environment, EnvironmentName};
use crate::stacks::names::Names;

/// Adds the alarms that roll a deployment back and notify `topic`.
pub(super) fn build(
    template: &mut TemplateBuilder,
    names: &Names,
    name: EnvironmentName,
    settings: &Environment,
    topic: &Value<Arn>,
    balancer: &Balancer,
) -> Vec<Handle<Alarm>> {
    let load_balancer = || load_balancer(balancer);
    let alarm = |what: &str, description: &str, metric_name, dimensions, statistic, threshold| Alarm {
        alarm_name: names.prefixed(&format!("{name}-{what}")).into(),
        alarm_description: description.to_owned(),
        alarm_actions: vec![topic.clone()],
        namespace: "AWS/ApplicationELB",
        metric_name,
        dimensions,
        statistic,
        period: 60,
        // Two consecutive minutes, so that a single failed request does not trigger.
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        comparison_operator: Comparison::GreaterThanOrEqualToThreshold,
        threshold,
        treat_missing_data: MissingData::NotBreaching,
    };
    let sum = Statistic::Plain(PlainStatistic::Sum);
    let errors = f64::from(settings.alarms.errors);
    // Metrics of the load balancer cover both target groups.
    let mut alarms = vec![
        (
            "ErrorsAlarm",
            alarm(
                "errors",
                "5xx responses from the tasks",
                "HTTPCode_Target_5XX_Count",
                vec![load_balancer()],
                sum,
                errors,
            ),
        ),
        // The load balancer responds 5xx when no task responds in time or none is registered.
        (
            "BalancerErrorsAlarm",
            alarm(
                "balancer-errors",
                "5xx responses from the load balancer",
                "HTTPCode_ELB_5XX_Count",
                vec![load_balancer()],
                sum,
                errors,
            ),
        ),
        (
            "LatencyAlarm",
            alarm(
                "latency",
                "High 99th percentile of the response time",
                "TargetResponseTime",
                vec![load_balancer()],
                Statistic::Percentile("p99"),
                f64::from(settings.alarms.latency) / 1000.0,
            ),
        ),
    ];
    // This metric is per target group, and tasks can be in either.
    let alternate = balancer.alternate.as_ref().map(|other| &other.target_group);
    let groups = [
        ("UnhealthyAlarm", "unhealthy", Some(&balancer.target_group)),
        ("AlternateUnhealthyAlarm", "alternate-unhealthy", alternate),
    ];
    for (id, what, group) in groups {
        let Some(group) = group else { continue };
        let target_group = Dimension {
            name: "TargetGroup",
            value: group.full_name(),
        };
        let unhealthy = alarm(
            what,
            "A task fails its health check",
            "UnHealthyHostCount",
            vec![load_balancer(), target_group],
            Statistic::Plain(PlainStatistic::Maximum),
            1.0,
        );
        alarms.push((id, unhealthy));
    }
    alarms
        .into_iter()
        .map(|(id, alarm)| template.add(id, &alarm))
        .collect()
}

/// Returns the dimension that selects the metrics of a load balancer.
fn load_balancer(balancer: &Balancer) -> Dimension {
    Dimension {
        name: "LoadBalancer",
        value: balancer.itself.full_name(),
    }
}

/// Percentage of requests with a 5xx response. A minute with fewer than 20 requests counts as 0: one error would be 5 %.
/// `RequestCount` does not include requests for which the load balancer found no task.
const SHARE: &str = "IF(FILL(requests, 0) + FILL(balancer, 0) >= 20, \
                     100 * (FILL(tasks, 0) + FILL(balancer, 0)) / (FILL(requests, 0) + FILL(balancer, 0)), 0)";

/// Adds the alarm on the share of requests that fail, which only notifies: what has been failing for minutes is not due to
/// a deployment alone, which the other alarms watch.
pub(super) fn share_of_errors(
    template: &mut TemplateBuilder,
    names: &Names,
    name: EnvironmentName,
    settings: &Environment,
    topic: &Value<Arn>,
    balancer: &Balancer,
) -> Handle<ExpressionAlarm> {
    let metric = |id, metric_name| MetricDataQuery::Metric {
        id,
        metric_stat: MetricStat {
            metric: Metric {
                namespace: "AWS/ApplicationELB",
                metric_name,
                dimensions: vec![load_balancer(balancer)],
            },
            period: 60,
            stat: PlainStatistic::Sum,
        },
        return_data: false,
    };
    template.add(
        "ErrorShareAlarm",
        &ExpressionAlarm {
            alarm_name: names.prefixed(&format!("{name}-error-share")).into(),
            alarm_description: "High percentage of requests with 5xx responses".to_owned(),
            alarm_actions: vec![topic.clone()],
            metrics: vec![
                MetricDataQuery::Expression {
                    id: "share",
                    expression: SHARE,
                    label: "5xx responses in percent",
                    return_data: true,
                },
                metric("requests", "RequestCount"),
                metric("tasks", "HTTPCode_Target_5XX_Count"),
                metric("balancer", "HTTPCode_ELB_5XX_Count"),
            ],
            evaluation_periods: 5,
            datapoints_to_alarm: 3,
            comparison_operator: Comparison::GreaterThanOrEqualToThreshold,
            threshold: f64::from(settings.alarms.error_percent),
            treat_missing_data: MissingData::NotBreaching,
        },
    )
}
