//! Alarms that ring.

use aws_sdk_cloudwatch::types::StateValue;

use super::{Cloud, Fault, time};
use crate::daily::status::Alarm;

/// Names that one call takes.
const AT_ONCE: usize = 100;

impl Cloud {
    /// Those of the alarms `names` that ring.
    pub async fn ringing(&self, names: &[String]) -> Result<Vec<Alarm>, Fault> {
        let mut ringing = Vec::new();
        for some in names.chunks(AT_ONCE) {
            self.elsewhere.permit().await;
            let answer = self
                .alarms
                .describe_alarms()
                .set_alarm_names(Some(some.to_vec()))
                .state_value(StateValue::Alarm)
                .send()
                .await
                .map_err(|error| Fault::of("DescribeAlarms", &error))?;
            ringing.extend(answer.metric_alarms.unwrap_or_default().into_iter().map(|alarm| {
                Alarm {
                    since: time(
                        alarm
                            .state_transitioned_timestamp
                            .or(alarm.state_updated_timestamp)
                            .as_ref(),
                    ),
                    name: alarm.alarm_name.unwrap_or_default(),
                    description: alarm.alarm_description.unwrap_or_default(),
                }
            }));
        }
        Ok(ringing)
    }
}
