//! AWS sessions of the verbs: credentials, regions, runtime; and the error of a build without the AWS SDK.

/// Returns the error of a build without the AWS SDK.
#[cfg(not(feature = "aws"))]
pub(super) fn without_sdk(verb: &str) -> anyhow::Error {
    crate::exit::Failure::failed(format!(
        "this build has no AWS SDK: `infra {verb}` cannot reach AWS"
    ))
    .hint(format!(
        "build it in with `cargo run -p infra -- {verb} …`; the first build takes several minutes"
    ))
    .into()
}

#[cfg(feature = "aws")]
mod connected {
    use std::time::Duration;

    use anyhow::{Context as _, Result};

    use crate::aws::{Access, AwsError, Login};
    use crate::cli::{Environment, Global};
    use crate::console::Console;
    use crate::deployment::stack_spec::{Before, StackSpec};
    use crate::exit::{ExitStatus, Failure};
    use crate::service;
    use crate::settings::{EnvironmentName, Settings};
    use crate::stacks::{IMAGE_TAG_PARAMETER, Names, Stack, StackKind};
    use crate::workflows::{Context, Display, Interrupts};

    /// Returns the credentials selection of the command line.
    pub(in crate::commands) fn login(global: &Global) -> Login {
        Login {
            profile: global.profile.clone(),
            region: global.region.clone(),
        }
    }

    /// Converts a stack to the input of a deployment.
    pub(in crate::commands) fn stack_spec(stack: &Stack) -> StackSpec {
        StackSpec {
            name: stack.name.clone(),
            environment: stack.environment.map(|name| name.as_str().to_owned()),
            region: stack.region.clone(),
            account: stack.account.clone(),
            body: stack.body().to_owned(),
            tags: stack.tags.clone().into_iter().collect(),
            depends_on: stack.depends_on.clone(),
            termination_protection: stack.termination_protection,
            release_parameter: stack.takes_image_tag.then(|| IMAGE_TAG_PARAMETER.to_owned()),
            is_before_release: stack.kind == StackKind::BeforeRelease,
            before: stack.before.as_ref().map(|(stack, before)| Before {
                stack: stack.clone(),
                command: before.command.clone(),
                timeout: Duration::from_mins(before.minutes.into()),
            }),
            zone_parameters: stack.zone_parameters.clone(),
            // Looked up by the verbs that deploy.
            parameters: Vec::new(),
        }
    }

    /// Converts the environment argument.
    pub(in crate::commands) fn environment(typed: Environment) -> EnvironmentName {
        match typed {
            Environment::Dev => EnvironmentName::Dev,
            Environment::Staging => EnvironmentName::Staging,
            Environment::Prod => EnvironmentName::Prod,
        }
    }

    /// Returns container names with their image repositories.
    pub(in crate::commands) fn repositories(settings: &Settings) -> Vec<(String, String)> {
        let names = Names::new(&settings.project);
        service::CONTAINERS
            .iter()
            .map(|&container| (container.to_owned(), names.repository(container)))
            .collect()
    }

    /// Signs in, creates clients for the regions of `stacks`, and runs `work` as [`block_on`] does.
    pub(in crate::commands) fn connect<T>(
        global: &Global,
        stacks: &[StackSpec],
        console: &Console,
        yes: bool,
        work: impl AsyncFnOnce(&Context<'_>) -> Result<T>,
    ) -> Result<T> {
        block_on(async |interrupts| {
            let access = Access::open(login(global)).await?;
            let display = Display::of(console);
            let context = Context::open(&access, stacks, console, display, interrupts, yes).await?;
            work(&context).await
        })
    }

    /// Runs `work` to completion on this thread, since verbs mostly wait. Ctrl-C ends it, unless a workflow handles it.
    pub(in crate::commands) fn block_on<T>(work: impl AsyncFnOnce(Interrupts) -> Result<T>) -> Result<T> {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the async runtime")?
            .block_on(async {
                let interrupts = Interrupts::of_process();
                interrupts.run(work(interrupts.clone())).await
            })
    }

    /// Adds hints to an AWS error.
    pub(in crate::commands) fn with_remedies(error: anyhow::Error, global: &Global) -> anyhow::Error {
        let hints = match error.chain().find_map(|cause| cause.downcast_ref::<AwsError>()) {
            Some(error) => error.clone().of_profile(global.profile.as_deref()).hints(),
            None => return error,
        };
        let known = error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<Failure>())
            .flat_map(Failure::hints)
            .cloned();
        let failure = Failure::new(ExitStatus::of(&error), error.to_string());
        hints.into_iter().chain(known).fold(failure, Failure::hint).into()
    }
}

#[cfg(feature = "aws")]
pub(super) use connected::{block_on, connect, environment, login, repositories, stack_spec, with_remedies};
