//! Alarms in ALARM state.

use aws_sdk_cloudwatch::types::StateValue;

use super::{AwsError, Cloud, time};
use crate::service_status::Alarm;

/// Maximum number of names per call.
const AT_ONCE: usize = 100;

impl Cloud {
    /// Returns those of the alarms `names` that are in ALARM state.
    pub async fn ringing(&self, names: &[String]) -> Result<Vec<Alarm>, AwsError> {
        let mut ringing = Vec::new();
        for some in names.chunks(AT_ONCE) {
            let response = call!(self.alarms => "DescribeAlarms",
                describe_alarms().set_alarm_names(Some(some.to_vec())).state_value(StateValue::Alarm))?;
            ringing.extend(
                response
                    .metric_alarms
                    .unwrap_or_default()
                    .into_iter()
                    .map(|alarm| Alarm {
                        since: time(
                            alarm
                                .state_transitioned_timestamp
                                .or(alarm.state_updated_timestamp)
                                .as_ref(),
                        ),
                        name: alarm.alarm_name.unwrap_or_default(),
                        description: alarm.alarm_description.unwrap_or_default(),
                    }),
            );
        }
        Ok(ringing)
    }
}
