//! What AWS has to say, where this build can ask it.

use anyhow::Result;

use crate::check::Finding;
use crate::cli::Global;
use crate::settings::Settings;

/// Asks AWS. What goes wrong with that is a finding too.
#[cfg(feature = "aws")]
pub(super) fn findings(settings: &Settings, global: &Global) -> Result<Vec<Finding>> {
    use crate::commands::{cloud, pipeline};
    use crate::operation::checking;
    use crate::stacks;

    let graph = stacks::graph(settings)?;
    let request = checking::Request {
        login: cloud::login(global),
        // As for the verbs that deploy: the settings outrank the command line.
        region: settings.project.region.clone().or_else(|| global.region.clone()),
        account: settings.project.account.clone(),
        stacks: graph.stacks().iter().map(cloud::wanted).collect(),
        connection: pipeline::connection(settings),
        tag_parameter: settings.release.image_tag_parameter.clone(),
        repositories: cloud::repositories(settings),
    };
    cloud::block_on(async { Ok(checking::findings(&request).await) })
}

/// Says that this build cannot.
#[cfg(not(feature = "aws"))]
#[expect(clippy::unnecessary_wraps, reason = "as the other")]
pub(super) fn findings(_: &Settings, _: &Global) -> Result<Vec<Finding>> {
    Ok(vec![
        Finding::warning("account", "not looked at: this build has no AWS SDK")
            .remedy("`cargo run -p infra -- check` builds it in; `--offline` does without"),
    ])
}
