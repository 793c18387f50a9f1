//! What is deployed, where this build can ask AWS for it.

use anyhow::Result;

use super::Other;
use crate::cli::Global;
use crate::console::Console;
use crate::stacks::Stack;

/// The deployed templates, and what was changed by hand if `drift` asks for it.
#[cfg(feature = "aws")]
pub(super) fn other(stacks: &[&Stack], drift: bool, global: &Global, console: &Console) -> Result<Other> {
    use std::collections::BTreeMap;

    use anyhow::Context as _;

    use crate::commands::{cloud, settings};
    use crate::operation::differing;

    settings::refuse_placeholders(global)?;
    let wanted: Vec<_> = stacks.iter().map(|stack| cloud::wanted(stack)).collect();
    let deployed = cloud::block_on(async {
        let context = cloud::open(global, &wanted, console, false).await?;
        let deployed = differing::deployed(&context, &wanted, drift).await?;
        if deployed.iter().all(|stack| stack.template.is_none()) {
            console.hint(context.elsewhere());
        }
        Ok(deployed)
    })
    .map_err(|error| cloud::with_remedies(error, global))?;
    let mut other = Other {
        drift: drift.then(BTreeMap::new),
        ..Other::default()
    };
    for (stack, found) in stacks.iter().zip(deployed) {
        if let Some(text) = found.template {
            let template = serde_json::from_str(&text)
                .with_context(|| format!("the deployed template of {} is not JSON", stack.name))?;
            other.templates.insert(stack.name.clone(), template);
        }
        if let Some(drift) = &mut other.drift {
            drift.insert(stack.name.clone(), found.drift);
        }
    }
    Ok(other)
}

/// Says that this build cannot.
#[cfg(not(feature = "aws"))]
pub(super) fn other(_: &[&Stack], _: bool, _: &Global, _: &Console) -> Result<Other> {
    Err(crate::commands::cloud::without_sdk("diff"))
}
