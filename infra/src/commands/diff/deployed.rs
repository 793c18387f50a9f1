//! Baseline from AWS, in builds with the AWS SDK.

use anyhow::Result;

use super::Baseline;
use crate::cli::Global;
use crate::console::Console;
use crate::settings::Settings;
use crate::stacks::Stack;

/// Returns the deployed templates, and manual changes if `drift` is set.
#[cfg(feature = "aws")]
pub(super) fn other(
    stacks: &[&Stack],
    settings: &Settings,
    drift: bool,
    global: &Global,
    console: &Console,
) -> Result<Baseline> {
    use std::collections::BTreeMap;

    use anyhow::Context as _;

    use crate::commands::{session, settings};
    use crate::workflows::deployed;

    settings::refuse_placeholders(global)?;
    let specs: Vec<_> = stacks.iter().map(|stack| session::stack_spec(stack)).collect();
    let deployed = session::connect(global, &specs, console, false, async |context| {
        let deployed =
            deployed::deployed(context, &specs, &settings.release.image_tag_parameter, drift).await?;
        if deployed.iter().all(|stack| stack.template.is_none()) {
            console.hint(context.elsewhere());
        }
        Ok(deployed)
    })
    .map_err(|error| session::with_remedies(error, global))?;
    let mut other = Baseline {
        drift: drift.then(BTreeMap::new),
        ..Baseline::default()
    };
    for (stack, found) in stacks.iter().zip(deployed) {
        if let Some(text) = found.template {
            let template = serde_json::from_str(&text)
                .with_context(|| format!("the deployed template of {} is not JSON", stack.name))?;
            other.templates.insert(stack.name.clone(), template);
        }
        other.parameters.insert(stack.name.clone(), found.parameters);
        if let Some(drift) = &mut other.drift {
            drift.insert(stack.name.clone(), found.drift);
        }
    }
    Ok(other)
}

/// Returns the error of a build without the AWS SDK.
#[cfg(not(feature = "aws"))]
pub(super) fn other(_: &[&Stack], _: &Settings, _: bool, _: &Global, _: &Console) -> Result<Baseline> {
    Err(crate::commands::session::without_sdk("diff"))
}
