//! Drift: has AWS compare a stack's resources with what the stack made them.

use std::time::Duration;

use aws_sdk_cloudformation::types::{
    StackDriftDetectionStatus, StackResourceDrift, StackResourceDriftStatus as Status,
};

use super::{Cloud, Fault};
use crate::deploy::drift::{Drifted, DriftedProperty};

impl Cloud {
    /// Has a stack compared and waits for the result; some resource types cannot be compared and are never among it.
    pub async fn drift(&self, stack: &str) -> Result<Vec<Drifted>, Fault> {
        self.pace.permit().await;
        let begun = self
            .stacks
            .detect_stack_drift()
            .stack_name(stack)
            .send()
            .await
            .map_err(|error| Fault::of("DetectStackDrift", &error))?;
        self.wait_for_detection(&begun.stack_drift_detection_id.unwrap_or_default())
            .await?;
        let mut drifted = Vec::new();
        let mut token = None;
        loop {
            self.pace.permit().await;
            let page = self
                .stacks
                .describe_stack_resource_drifts()
                .stack_name(stack)
                .stack_resource_drift_status_filters(Status::Modified)
                .stack_resource_drift_status_filters(Status::Deleted)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| Fault::of("DescribeStackResourceDrifts", &error))?;
            drifted.extend(
                page.stack_resource_drifts
                    .unwrap_or_default()
                    .into_iter()
                    .map(drifted_of),
            );
            token = page.next_token;
            if token.is_none() {
                return Ok(drifted);
            }
        }
    }

    async fn wait_for_detection(&self, id: &str) -> Result<(), Fault> {
        let mut pause = Duration::from_millis(500);
        loop {
            self.pace.permit().await;
            let now = self
                .stacks
                .describe_stack_drift_detection_status()
                .stack_drift_detection_id(id)
                .send()
                .await
                .map_err(|error| Fault::of("DescribeStackDriftDetectionStatus", &error))?;
            match now.detection_status {
                Some(StackDriftDetectionStatus::DetectionInProgress) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(5));
                }
                Some(StackDriftDetectionStatus::DetectionFailed) => {
                    // What could be compared is told all the same, unless that is nothing.
                    let why = now.detection_status_reason.unwrap_or_default();
                    if now.drifted_stack_resource_count.is_none() {
                        return Err(Fault::Refused {
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
