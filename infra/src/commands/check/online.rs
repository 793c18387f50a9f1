//! Checks of the AWS account, in builds with the AWS SDK.

use anyhow::Result;

use crate::check::Finding;
use crate::cli::Global;
use crate::settings::Settings;

/// Checks the account. Failed AWS calls become findings too.
#[cfg(feature = "aws")]
pub(super) fn findings(settings: &Settings, global: &Global) -> Result<Vec<Finding>> {
    use crate::commands::{pipeline, session};
    use crate::dns::Resolver;
    use crate::settings::EnvironmentName;
    use crate::stacks;
    use crate::workflows::account_check;

    let graph = stacks::graph(settings)?;
    let request = account_check::Request {
        login: session::login(global),
        // As for deploying verbs: settings take precedence over the command line.
        region: settings.project.region.clone().or_else(|| global.region.clone()),
        account: settings.project.account.clone(),
        stacks: graph.stacks().iter().map(session::stack_spec).collect(),
        connection: pipeline::connection(settings),
        tag_parameter: settings.release.image_tag_parameter.clone(),
        repositories: session::repositories(settings),
        secrets: EnvironmentName::ALL
            .map(|name| (name, settings.environment(name).service.app.secrets.clone()))
            .into(),
        domains: domains(settings, &graph),
        resolver: Resolver::of_system(),
    };
    session::block_on(async |_| Ok(account_check::findings(&request).await))
}

/// Returns the domains whose records the app stacks create.
#[cfg(feature = "aws")]
fn domains(
    settings: &Settings,
    graph: &crate::stacks::Graph,
) -> Vec<crate::workflows::account_check::Domain> {
    use crate::settings::EnvironmentName;
    use crate::workflows::account_check::Domain;

    EnvironmentName::ALL
        .into_iter()
        .filter_map(|environment| {
            let certificate = settings.environment(environment).certificate.as_ref()?;
            Some(Domain {
                environment,
                name: certificate.domain.clone(),
                zone: certificate.zone()?.clone(),
                stack: graph.app(environment)?.name.clone(),
            })
        })
        .collect()
}

/// Returns a warning: this build has no AWS SDK.
#[cfg(not(feature = "aws"))]
#[expect(clippy::unnecessary_wraps, reason = "same signature in both builds")]
pub(super) fn findings(_: &Settings, _: &Global) -> Result<Vec<Finding>> {
    Ok(vec![
        Finding::warning("account", "not checked: this build has no AWS SDK")
            .remedy("build it in with `cargo run -p infra -- check`, or pass `--offline`"),
    ])
}
