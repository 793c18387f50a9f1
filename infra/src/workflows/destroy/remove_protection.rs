//! Disables deletion protection of load balancers by a stack update, since CloudFormation manages the attribute.

use anyhow::Result;

use super::super::Context;
use super::super::deploy::{self, run_change_set};
use super::Outcome;
use crate::aws::ChangeSetOutcome;
use crate::deployment::change_set_name::change_set_name;
use crate::deployment::condition::Condition;
use crate::deployment::protection::without_protection;
use crate::deployment::stack_spec::{DeployOptions, StackSpec};
use crate::exit::{ExitStatus, Failure};

/// Disables the protection, if any. Returns the outcome if the stack cannot be deleted now.
///
/// A stack that cannot be updated is skipped: its deletion reports the cause.
pub(super) async fn remove_protection(
    context: &Context<'_>,
    spec: &StackSpec,
    id: &str,
) -> Result<Option<Outcome>> {
    let cloud = context.cloud(spec.region.as_deref())?;
    let name = &spec.name;
    let state = cloud.stack(id).await?;
    let Some(state) = state.filter(|state| Condition::of(&state.status) == Condition::Ready) else {
        return Ok(None);
    };
    let template = cloud.template(id).await?;
    let Some(open) = template.as_deref().and_then(without_protection) else {
        return Ok(None);
    };
    let balancers = open.balancers.join(", ");
    // Uses the deployed template and release, not those of this checkout.
    let mut update = StackSpec {
        body: open.body,
        termination_protection: false,
        ..spec.clone()
    };
    let release = spec
        .release_parameter
        .as_deref()
        .and_then(|key| state.parameter(key));
    let change_set = change_set_name(&context.run, false);
    let made = match cloud
        .make_change_set(&update, false, release, DeployOptions::default(), &change_set)
        .await?
    {
        ChangeSetOutcome::Made(made) => made,
        ChangeSetOutcome::NothingToDo { .. } => return Ok(None),
        ChangeSetOutcome::Rejected(reason) => {
            return Err(Failure::new(
                ExitStatus::StackFailed,
                format!("{name}: cannot disable deletion protection of {balancers}: {reason}"),
            )
            .into());
        }
    };
    context.info(format!("{name}: disabling deletion protection of {balancers}"));
    // Task health no longer matters.
    update.release_parameter = None;
    Ok(match run_change_set(context, &update, &made).await? {
        deploy::Outcome::Changed(_) | deploy::Outcome::Unchanged => None,
        deploy::Outcome::Failed(mut diagnosis) => {
            let deploy = format!("`infra deploy {name}`");
            for hint in &mut diagnosis.hints {
                *hint = hint.replace(&deploy, &format!("`infra destroy {name} --force`"));
            }
            Some(Outcome::Failed(diagnosis))
        }
        deploy::Outcome::NotStarted => {
            cloud.remove_change_set(&made.id).await?;
            Some(Outcome::Kept)
        }
        deploy::Outcome::Cancelled(_) | deploy::Outcome::Declined | deploy::Outcome::Left => {
            Some(Outcome::Kept)
        }
    })
}
