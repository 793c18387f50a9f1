//! Verbs that talk to AWS: what they share, and the answer of a build that cannot.

use anyhow::Result;

use crate::cli::{CloudVerb, Global};
use crate::console::Console;
use crate::exit::ExitStatus;

/// Runs a verb that talks to AWS.
#[cfg(feature = "aws")]
pub(super) fn run(verb: &CloudVerb, global: &Global, console: &Console) -> Result<ExitStatus> {
    super::settings::refuse_placeholders(global)?;
    let done = match verb {
        CloudVerb::Deploy(arguments) => super::deploy::run(arguments, global, console),
        CloudVerb::Destroy(arguments) => super::destroy::run(arguments, global, console),
        CloudVerb::Status(arguments) => super::status::run(arguments, global, console),
        CloudVerb::Logs(arguments) => super::logs::run(arguments, global, console),
        CloudVerb::Releases(arguments) => super::releases::list(arguments, global, console),
        CloudVerb::Rollback(arguments) => super::releases::rollback(arguments, global, console),
        CloudVerb::Pipeline(verb) => super::pipeline::run(verb, global, console),
    };
    done.map_err(|error| with_remedies(error, global))
}

/// Says that this build cannot.
#[cfg(not(feature = "aws"))]
pub(super) fn run(verb: &CloudVerb, _: &Global, _: &Console) -> Result<ExitStatus> {
    Err(without_sdk(verb.name()))
}

/// What a build says that cannot reach AWS.
#[cfg(not(feature = "aws"))]
pub(super) fn without_sdk(verb: &str) -> anyhow::Error {
    crate::exit::Failure::failed(format!(
        "this build has no AWS SDK: `infra {verb}` cannot reach AWS"
    ))
    .hint(format!(
        "`cargo run -p infra -- {verb} …` builds it in; the first time takes some minutes"
    ))
    .into()
}

#[cfg(feature = "aws")]
mod connected {
    use std::future::Future;

    use anyhow::{Context as _, Result};

    use crate::aws::{Access, Fault, Login};
    use crate::cli::{Environment, Global};
    use crate::console::Console;
    use crate::deploy::wanted::Wanted;
    use crate::exit::Failure;
    use crate::operation::{self, Display, Interrupts};
    use crate::service::{self, Runtime};
    use crate::settings::{EnvironmentName, Settings};
    use crate::stacks::{IMAGE_TAG_PARAMETER, Names, Stack};

    /// Whom the command line names.
    pub(in crate::commands) fn login(global: &Global) -> Login {
        Login {
            profile: global.profile.clone(),
            region: global.region.clone(),
        }
    }

    /// A stack in the words of a deployment.
    pub(in crate::commands) fn wanted(stack: &Stack) -> Wanted {
        Wanted {
            name: stack.name.clone(),
            environment: stack.environment.map(|name| name.as_str().to_owned()),
            region: stack.region.clone(),
            account: stack.account.clone(),
            body: stack.body().to_owned(),
            tags: stack.tags.clone().into_iter().collect(),
            depends_on: stack.depends_on.clone(),
            termination_protection: stack.termination_protection,
            release_parameter: stack.takes_image_tag.then(|| IMAGE_TAG_PARAMETER.to_owned()),
        }
    }

    /// The environment that was typed.
    pub(in crate::commands) fn environment(typed: Environment) -> EnvironmentName {
        match typed {
            Environment::Dev => EnvironmentName::Dev,
            Environment::Staging => EnvironmentName::Staging,
            Environment::Prod => EnvironmentName::Prod,
        }
    }

    /// The containers, each with its image repository.
    pub(in crate::commands) fn repositories(settings: &Settings) -> Vec<(String, String)> {
        let names = Names::new(&settings.project);
        service::containers(Runtime::Task)
            .iter()
            .map(|container| (container.name.to_owned(), names.repository(container.name)))
            .collect()
    }

    /// Signs in and opens the regions of `stacks`.
    pub(in crate::commands) async fn open<'a>(
        global: &Global,
        stacks: &[Wanted],
        console: &'a Console,
        yes: bool,
    ) -> Result<operation::Context<'a>> {
        let access = Access::open(login(global)).await?;
        let interrupts = Interrupts::of_process();
        operation::Context::open(&access, stacks, console, Display::of(console), interrupts, yes).await
    }

    /// Runs to the end, on this thread: waiting is nearly all that these verbs do.
    pub(in crate::commands) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start")?
            .block_on(work)
    }

    /// Adds to an error of AWS what to do about it.
    pub(in crate::commands) fn with_remedies(error: anyhow::Error, global: &Global) -> anyhow::Error {
        let hints = match error.chain().find_map(|cause| cause.downcast_ref::<Fault>()) {
            Some(fault) => fault.clone().of_profile(global.profile.as_deref()).hints(),
            None => return error,
        };
        hints
            .into_iter()
            .fold(Failure::failed(error.to_string()), Failure::hint)
            .into()
    }
}

#[cfg(feature = "aws")]
pub(super) use connected::{block_on, environment, login, open, repositories, wanted, with_remedies};
