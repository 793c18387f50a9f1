//! Takes the protection off load balancers that are to be deleted: by an update of their stack, since what CloudFormation
//! has switched on it has to switch off.

use anyhow::Result;

use super::super::Context;
use super::super::deploy::{self, run_change_set};
use super::Outcome;
use crate::aws::{ChangeSetOutcome, change_set_name};
use crate::deploy::condition::Condition;
use crate::deploy::protection::without_protection;
use crate::deploy::wanted::{Manner, Wanted};
use crate::exit::{ExitStatus, Failure};

/// Takes the protection off, if there is any. Returns how it ended if the stack cannot be deleted now.
///
/// A stack that cannot be updated is left as it is: its deletion will tell what is wrong.
pub(super) async fn disarm(context: &Context<'_>, wanted: &Wanted, id: &str) -> Result<Option<Outcome>> {
    let cloud = context.cloud(wanted.region.as_deref())?;
    let name = &wanted.name;
    let state = cloud.stack(id).await?;
    let Some(state) = state.filter(|state| Condition::of(&state.status) == Condition::Ready) else {
        return Ok(None);
    };
    let template = cloud.template(id).await?;
    let Some(open) = template.as_deref().and_then(without_protection) else {
        return Ok(None);
    };
    let balancers = open.balancers.join(", ");
    // What is deployed, with the release that it runs; not what this checkout would deploy.
    let mut update = Wanted {
        body: open.body,
        termination_protection: false,
        ..wanted.clone()
    };
    let release = wanted
        .release_parameter
        .as_deref()
        .and_then(|key| state.parameter(key));
    let change_set = change_set_name(&context.run, false);
    let made = match cloud
        .make_change_set(&update, false, release, Manner::default(), &change_set)
        .await?
    {
        ChangeSetOutcome::Made(made) => made,
        ChangeSetOutcome::NothingToDo { .. } => return Ok(None),
        ChangeSetOutcome::Rejected(reason) => {
            return Err(Failure::new(
                ExitStatus::StackFailed,
                format!("{name}: the protection of {balancers} cannot be taken off: {reason}"),
            )
            .into());
        }
    };
    context
        .narrator
        .say(format!("{name}: taking the protection of {balancers} off"));
    // How its tasks are does not matter any more.
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
        deploy::Outcome::Cancelled(_) | deploy::Outcome::Declined | deploy::Outcome::Left => {
            Some(Outcome::Kept)
        }
    })
}
