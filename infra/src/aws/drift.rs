//! Drift detection.

use std::time::Duration;

use aws_sdk_cloudformation::types::{
    StackDriftDetectionStatus, StackResourceDrift, StackResourceDriftStatus as Status,
};

use super::{AwsError, Cloud};
use crate::deployment::drift::{Drifted, DriftedProperty};

impl Cloud {
    /// Detects drift and waits for the result. Some resource types do not support it.
    pub async fn drift(&self, stack: &str) -> Result<Vec<Drifted>, AwsError> {
        let begun = call!(self.stacks => "DetectStackDrift", detect_stack_drift().stack_name(stack))?;
        self.wait_for_detection(&begun.stack_drift_detection_id.unwrap_or_default())
            .await?;
        let drifts = pages!(self.stacks => "DescribeStackResourceDrifts",
            stack_resource_drifts: describe_stack_resource_drifts().stack_name(stack)
                .stack_resource_drift_status_filters(Status::Modified)
                .stack_resource_drift_status_filters(Status::Deleted))?;
        Ok(drifts.into_iter().map(drifted_of).collect())
    }

    async fn wait_for_detection(&self, id: &str) -> Result<(), AwsError> {
        let mut pause = Duration::from_millis(500);
        loop {
            let now = call!(self.stacks => "DescribeStackDriftDetectionStatus",
                describe_stack_drift_detection_status().stack_drift_detection_id(id))?;
            match now.detection_status {
                Some(StackDriftDetectionStatus::DetectionInProgress) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(5));
                }
                Some(StackDriftDetectionStatus::DetectionFailed) => {
                    // Partial results are returned, unless there are none.
                    let why = now.detection_status_reason.unwrap_or_default();
                    if now.drifted_stack_resource_count.is_none() {
                        return Err(AwsError::Refused {
                            operation: "DetectStackDrift",
                            code: "DetectionFailed".to_owned(),
                            message: why,
                        });
                    }
                    return Ok(());
                }
                _ => return Ok(()),
            }
        }
    }
}

fn drifted_of(drift: StackResourceDrift) -> Drifted {
    Drifted {
        resource: drift.logical_resource_id.unwrap_or_default(),
        kind: drift.resource_type.unwrap_or_default(),
        deleted: drift.stack_resource_drift_status == Some(Status::Deleted),
        properties: drift
            .property_differences
            .unwrap_or_default()
            .into_iter()
            .map(|difference| DriftedProperty {
                path: difference.property_path.unwrap_or_default(),
                expected: difference.expected_value.unwrap_or_default(),
                actual: difference.actual_value.unwrap_or_default(),
            })
            .collect(),
    }
}
