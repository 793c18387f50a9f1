//! Deployed templates, manual changes and parameters, for comparison.

use anyhow::Result;
use futures_util::future::try_join_all;

use super::Context;
use crate::aws::{AwsError, Cloud, StackState, if_allowed};
use crate::deployment::condition::Condition;
use crate::deployment::drift::{Drifted, by_hand};
use crate::deployment::parameters::ParameterChange;
use crate::deployment::stack_spec::StackSpec;

/// Deployed state of a stack.
#[derive(Clone, Debug, Default)]
pub struct Deployed {
    /// Template; `None` if the stack does not exist.
    pub template: Option<String>,
    /// Manual changes, if requested.
    pub drift: Vec<Drifted>,
    /// Parameters that a deployment would change.
    pub parameters: Vec<ParameterChange>,
}

/// Reads the deployed state of each stack, in the order given.
///
/// # Errors
/// If AWS cannot be read.
pub async fn deployed(
    context: &Context<'_>,
    stacks: &[StackSpec],
    tag_parameter: &str,
    drift: bool,
) -> Result<Vec<Deployed>> {
    let looks = stacks.iter().map(|spec| one(context, spec, tag_parameter, drift));
    Ok(try_join_all(looks).await?)
}

async fn one(
    context: &Context<'_>,
    spec: &StackSpec,
    tag_parameter: &str,
    drift: bool,
) -> Result<Deployed, AwsError> {
    let cloud = context.cloud(spec.region.as_deref())?;
    let state = cloud.stack(&spec.name).await?;
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
        parameters: parameters(cloud, spec, &state, tag_parameter).await?,
        drift: if drift {
            by_hand(cloud.drift(&state.id).await?)
        } else {
            Vec::new()
        },
    })
}

/// Compares SSM parameters with the values that the stack was last deployed with: the release and outputs of other
/// stacks.
async fn parameters(
    cloud: &Cloud,
    spec: &StackSpec,
    state: &StackState,
    tag_parameter: &str,
) -> Result<Vec<ParameterChange>, AwsError> {
    let mut pairs: Vec<_> = spec
        .ssm_parameters()
        .into_iter()
        .filter_map(|(key, name)| {
            let (_, before) = state.resolved.iter().find(|(known, _)| *known == key)?;
            Some((key, before.clone(), name))
        })
        .collect();
    if let Some(key) = &spec.release_parameter
        && let Some(before) = state.parameter(key)
    {
        pairs.push((key.clone(), before.to_owned(), tag_parameter.to_owned()));
    }
    let mut changes = Vec::new();
    for (parameter, before, name) in pairs {
        // Without permission, the deployment itself reports it.
        let Some(after) = if_allowed(cloud.parameter(&name).await)? else {
            return Ok(changes);
        };
        if let Some(after) = after.filter(|after| *after != before) {
            changes.push(ParameterChange {
                parameter,
                before,
                after,
            });
        }
    }
    Ok(changes)
}
