//! Command before a release: runs once, after the deployment of its stack and before that of the app stack.

use anyhow::Result;

use super::super::Context;
use super::super::planning::Planned;
use super::super::run::{self, Tempo, quoted};
use crate::deployment::stack_spec::Before;
use crate::exit::{ExitStatus, Failure};

/// Returns the environment and the command that runs before a planned change.
fn wanted<'p>(planned: &Planned<'p>) -> Option<(&'p str, &'p Before)> {
    let spec = planned.spec;
    let before = spec.before.as_ref().filter(|_| planned.is_change())?;
    Some((spec.environment.as_deref()?, before))
}

/// Says what runs before the deployment, or why nothing does.
pub(super) fn announce(context: &Context<'_>, planned: &Planned<'_>) {
    let Some((environment, before)) = wanted(planned) else {
        return;
    };
    let (name, command) = (&planned.spec.name, quoted(&before.command));
    context.info(if planned.creates() {
        // The security group of the tasks is new, and so is unknown to whatever the command talks to.
        format!(
            "{name}: first deployment: nothing runs before it; afterwards, use `infra run {environment} -- {command}`"
        )
    } else {
        format!("{name}: runs first, once: {command}")
    });
}

/// Runs the command, unless the app stack is new or unchanged.
///
/// # Errors
/// If the command fails or is interrupted; the app stack must not be deployed then.
pub(super) async fn run(context: &Context<'_>, planned: &Planned<'_>, tempo: Tempo) -> Result<()> {
    let Some((environment, before)) = wanted(planned).filter(|_| !planned.creates()) else {
        return Ok(());
    };
    let request = run::Request {
        environment: environment.to_owned(),
        stack: planned.spec.clone(),
        definition_in: Some(before.stack.clone()),
        command: before.command.clone(),
        timeout: Some(before.timeout),
        timeout_name: "before-timeout",
        tempo,
    };
    let name = &planned.spec.name;
    // Not with the exit code of the command: those of `infra deploy` have meanings of their own.
    let (status, cause) = match run::run(context, &request).await {
        Ok(ExitStatus::Done) => return Ok(()),
        Ok(status) => (status, None),
        Err(error) => (ExitStatus::StackFailed, Some(error)),
    };
    let failure = Failure::new(
        status,
        format!("{name}: not deployed: the command before the release did not succeed"),
    );
    let failure = match cause.map(anyhow::Error::downcast::<Failure>) {
        None => failure,
        Some(Ok(cause)) => failure.caused_by(cause),
        Some(Err(cause)) => failure.caused_by(cause),
    };
    Err(failure
        .hint(format!(
            "{environment} still runs its release; after a fix, deploy again"
        ))
        .into())
}
