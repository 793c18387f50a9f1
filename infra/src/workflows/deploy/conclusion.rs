//! Outcome of a deployment per stack, summary and exit code.

use std::collections::BTreeMap;

use anyhow::Result;

use super::super::Context;
use super::super::reconcile::failure;
use crate::aws::StackState;
use crate::deployment::diagnosis::Diagnosis;
use crate::exit::ExitStatus;
use crate::stacks::URL_OUTPUT;

/// Outcome of one stack.
#[derive(Debug)]
pub(in crate::workflows) enum Outcome {
    /// Deployed; with the site's URL for app stacks.
    Changed(Option<String>),
    Unchanged,
    Failed(Diagnosis),
    /// Rolled back or deleted on request.
    Cancelled(String),
    /// Still in progress: the user stopped following it.
    Left,
    Declined,
    /// Ctrl-C came first; the change set is not executed.
    NotStarted,
}

/// Returns the URL in the stack's outputs.
pub(super) fn address(state: &StackState) -> Option<String> {
    state.output(URL_OUTPUT).map(ToOwned::to_owned)
}

/// Prints the outcomes and returns the exit code.
pub(super) fn conclude(
    context: &Context<'_>,
    outcomes: BTreeMap<&str, Result<Outcome>>,
    mut not_started: Vec<String>,
) -> Result<ExitStatus> {
    let (mut changed, mut left, mut cancelled, mut declined) = (0, Vec::new(), Vec::new(), Vec::new());
    let mut addresses = Vec::new();
    let mut errors: Vec<anyhow::Error> = Vec::new();
    for (name, outcome) in outcomes {
        match outcome {
            Ok(Outcome::Changed(address)) => {
                changed += 1;
                addresses.extend(address.map(|url| format!("{name}: {url}")));
            }
            Ok(Outcome::Unchanged) => {}
            Ok(Outcome::Failed(diagnosis)) => errors.push(failure(diagnosis).into()),
            Ok(Outcome::Cancelled(status)) => {
                context.info(format!("{name}: cancelled ({status})"));
                cancelled.push(name);
            }
            Ok(Outcome::Left) => left.push(name),
            Ok(Outcome::Declined) => declined.push(name),
            Ok(Outcome::NotStarted) => not_started.push(name.to_owned()),
            Err(error) => errors.push(error),
        }
    }
    for name in &not_started {
        context.info(format!("{name}: not started"));
    }
    if !left.is_empty() {
        let names = left.join(" ");
        context.info(format!("{names}: the operation continues in AWS"));
        context
            .console
            .hint(format!("follow it again with `infra deploy {names}`"));
    }
    // All errors but the last are printed here; the last one is returned.
    let last = errors.pop();
    for error in &errors {
        context.console.error(error);
    }
    match last {
        Some(error) => Err(error),
        None if !left.is_empty() || !cancelled.is_empty() => Ok(ExitStatus::Interrupted),
        None if !declined.is_empty() => Ok(ExitStatus::Declined),
        // Only Ctrl-C is left as a reason.
        None if !not_started.is_empty() => Ok(ExitStatus::Interrupted),
        None => {
            let stacks = if changed == 1 {
                "1 stack".to_owned()
            } else {
                format!("{changed} stacks")
            };
            context.info(format!("Done: {stacks} deployed."));
            for address in addresses {
                context.info(address);
            }
            Ok(ExitStatus::Done)
        }
    }
}
