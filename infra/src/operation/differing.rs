//! What is deployed, to compare with: the template that a stack was made from, and what was changed by hand since.

use anyhow::Result;

use super::Context;
use super::together::Together;
use crate::aws::Fault;
use crate::deploy::condition::Condition;
use crate::deploy::drift::Drifted;
use crate::deploy::wanted::Wanted;

/// What is deployed of a stack.
#[derive(Clone, Debug, Default)]
pub struct Deployed {
    /// Its template; `None` if it does not exist.
    pub template: Option<String>,
    /// What was changed by hand, if that was asked for.
    pub drift: Vec<Drifted>,
}

/// What is deployed of each stack, in the order given.
///
/// # Errors
/// AWS does not tell.
pub async fn deployed(context: &Context<'_>, stacks: &[Wanted], drift: bool) -> Result<Vec<Deployed>> {
    let mut looks = Together::new();
    for (index, wanted) in stacks.iter().enumerate() {
        looks.push(async move {
            let deployed = one(context, wanted, drift).await?;
            Ok::<_, Fault>((index, deployed))
        });
    }
    let mut found = Vec::new();
    while let Some(deployed) = looks.next().await {
        found.push(deployed?);
    }
    found.sort_by_key(|(index, _)| *index);
    Ok(found.into_iter().map(|(_, deployed)| deployed).collect())
}

async fn one(context: &Context<'_>, wanted: &Wanted, drift: bool) -> Result<Deployed, Fault> {
    let cloud = context.cloud(wanted.region.as_deref())?;
    let state = cloud.stack(&wanted.name).await?;
    let there = state.filter(|state| {
        !matches!(
            Condition::of(&state.status),
            Condition::Absent | Condition::Review
        )
    });
    let Some(state) = there else {
        return Ok(Deployed::default());
    };
    Ok(Deployed {
        template: cloud.template(&state.id).await?,
        drift: if drift {
            cloud.drift(&state.id).await?
        } else {
            Vec::new()
        },
    })
}
