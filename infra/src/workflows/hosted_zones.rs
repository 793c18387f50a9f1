//! IDs of hosted zones, which the settings name: looked up when a stack takes one as a parameter.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Context;
use crate::deployment::hosted_zone::only_public;
use crate::deployment::stack_spec::StackSpec;
use crate::exit::Failure;

/// Sets the parameters of `stacks` that take the ID of a hosted zone.
///
/// # Errors
/// No public hosted zone, or several, with the name; AWS denies access or is out of reach.
pub async fn look_up(context: &Context<'_>, stacks: &mut [StackSpec]) -> Result<()> {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for stack in stacks {
        for (parameter, zone) in &stack.zone_parameters {
            let id = if let Some(id) = known.get(zone) {
                id.clone()
            } else {
                let cloud = context.cloud(stack.region.as_deref())?;
                let zones = cloud.zones_of_name(zone).await?;
                only_public(zone, &zones).map_err(|error| {
                    Failure::failed(format!("{}: {error}", stack.name)).hint(error.remedy())
                })?
            };
            known.insert(zone.clone(), id.clone());
            stack.parameters.push((parameter.clone(), id));
        }
    }
    Ok(())
}
