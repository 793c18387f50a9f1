//! Alarms.

use serde::Serialize;

use super::value::{Text, Value};
use super::{Handle, Resource, Tagging};

/// Goes off when a metric is out of bounds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Alarm {
    pub alarm_name: Value<Text>,
    pub alarm_description: String,
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

impl Resource for Alarm {
    const TYPE: &'static str = "AWS::CloudWatch::Alarm";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<Alarm> {
    /// Its name.
    pub fn name(&self) -> Value<Text> {
        self.reference()
    }
}

/// Of what the metric is.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Dimension {
    pub name: &'static str,
    pub value: Value<Text>,
}

/// What is made of the values of a period.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Statistic {
    /// A plain one.
    #[serde(rename = "Statistic")]
    Plain(PlainStatistic),
    /// A percentile, like `p99`.
    #[serde(rename = "ExtendedStatistic")]
    Percentile(&'static str),
}

/// See [`Statistic`].
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PlainStatistic {
    Sum,
    Maximum,
}

/// When a value is out of bounds.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Comparison {
    GreaterThanThreshold,
    GreaterThanOrEqualToThreshold,
}

/// What no value means.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum MissingData {
    /// Nothing happened, so nothing went wrong.
    NotBreaching,
}
