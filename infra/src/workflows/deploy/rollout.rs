//! Check after an update: whether ECS kept the deployment that the stack asked for.

use super::super::Context;
use super::super::app_resources::AppResources;
use super::super::follow::Finished;
use crate::aws::AwsError;
use crate::deployment::diagnosis::Diagnosis;
use crate::deployment::rollout::{Deployment, abandoned};
use crate::deployment::stack_spec::StackSpec;

/// Returns the reason of a failed rollout. After a rollback by the circuit breaker, the newest deployment is a healthy one
/// of the previous task definition, and CloudFormation may report success. Only the deployment of the stack's own task
/// definition counts.
pub(super) async fn check_rollout(
    context: &Context<'_>,
    spec: &StackSpec,
    stack_id: &str,
    finished: &Finished,
) -> Option<Diagnosis> {
    if !spec.runs_service() {
        return None;
    }
    let reason = match deployments(context, spec, stack_id).await {
        Ok(Some((deployments, task_definition))) => abandoned(&deployments, &task_definition)?,
        Ok(None) => return None,
        Err(error) => {
            context
                .console
                .detail(format!("{}: cannot read the ECS deployments: {error}", spec.name));
            let rollout = finished.evidence.rollout.as_ref()?;
            (rollout.state == "FAILED").then(|| rollout.reason.clone().unwrap_or_default())?
        }
    };
    let mut lines = vec![reason];
    lines.extend(finished.evidence.stop_reasons());
    Some(Diagnosis {
        headline: format!(
            "{}: the stack was updated, but the ECS deployment failed",
            spec.name
        ),
        lines,
        hints: finished.evidence.hint().into_iter().collect(),
    })
}

/// Returns the service's deployments and the task definition in the stack.
async fn deployments(
    context: &Context<'_>,
    spec: &StackSpec,
    stack_id: &str,
) -> Result<Option<(Vec<Deployment>, String)>, AwsError> {
    let cloud = context.cloud(spec.region.as_deref())?;
    let found = AppResources::of(&cloud.resources(stack_id).await?);
    let Some((service, task_definition)) = found.service.zip(found.task_definition) else {
        return Ok(None);
    };
    let state = cloud.service(&service).await?;
    Ok(state.map(|state| (state.deployments, task_definition)))
}
