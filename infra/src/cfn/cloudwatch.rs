//! CloudWatch alarms and dashboards.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::Arn;
use super::value::{Text, Value};

/// An alarm on a metric.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Alarm {
    pub alarm_name: Value<Text>,
    pub alarm_description: String,
    /// Topics notified in ALARM state.
    pub alarm_actions: Vec<Value<Arn>>,
    pub namespace: &'static str,
    pub metric_name: &'static str,
    pub dimensions: Vec<Dimension>,
    #[serde(flatten)]
    pub statistic: Statistic,
    pub period: u16,
    pub evaluation_periods: u8,
    pub datapoints_to_alarm: u8,
    pub comparison_operator: Comparison,
    pub threshold: f64,
    pub treat_missing_data: MissingData,
}

resource!(Alarm, "AWS::CloudWatch::Alarm", List; name: Text = Ref, arn: Arn = "Arn");

/// An alarm on an expression over several metrics.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExpressionAlarm {
    pub alarm_name: Value<Text>,
    pub alarm_description: String,
    /// Topics notified in ALARM state.
    pub alarm_actions: Vec<Value<Arn>>,
    pub metrics: Vec<MetricDataQuery>,
    pub evaluation_periods: u8,
    pub datapoints_to_alarm: u8,
    pub comparison_operator: Comparison,
    pub threshold: f64,
    pub treat_missing_data: MissingData,
}

resource!(ExpressionAlarm, "AWS::CloudWatch::Alarm", List; arn: Arn = "Arn");

/// The expression of an alarm, or a metric in it.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum MetricDataQuery {
    #[serde(rename_all = "PascalCase")]
    Expression {
        id: &'static str,
        expression: &'static str,
        label: &'static str,
        return_data: bool,
    },
    #[serde(rename_all = "PascalCase")]
    Metric {
        id: &'static str,
        metric_stat: MetricStat,
        return_data: bool,
    },
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MetricStat {
    pub metric: Metric,
    pub period: u16,
    pub stat: PlainStatistic,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Metric {
    pub namespace: &'static str,
    pub metric_name: &'static str,
    pub dimensions: Vec<Dimension>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Dashboard {
    pub dashboard_name: Value<Text>,
    /// JSON: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html>.
    pub dashboard_body: Value<Text>,
}

resource!(Dashboard, "AWS::CloudWatch::Dashboard", None);

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Dimension {
    pub name: &'static str,
    pub value: Value<Text>,
}

/// Aggregation of the values of a period.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Statistic {
    #[serde(rename = "Statistic")]
    Plain(PlainStatistic),
    /// A percentile, for example `p99`.
    #[serde(rename = "ExtendedStatistic")]
    Percentile(&'static str),
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum PlainStatistic {
    Sum,
    Maximum,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum Comparison {
    GreaterThanThreshold,
    GreaterThanOrEqualToThreshold,
}

/// Treatment of missing data.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum MissingData {
    /// No data means no alarm.
    NotBreaching,
}
