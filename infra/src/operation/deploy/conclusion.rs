//! How a deployment ended, stack by stack, and what that means for the whole: words and exit code.

use std::collections::BTreeMap;

use anyhow::Result;

use super::super::Context;
use super::super::settling::failure;
use crate::aws::StackState;
use crate::deploy::diagnosis::Diagnosis;
use crate::exit::{ExitStatus, Failure};
use crate::stacks::URL_OUTPUT;

/// How it went with one stack.
#[derive(Debug)]
pub(in crate::operation) enum Outcome {
    /// It is as wanted; where the site is, if it is a stack of the site.
    Changed(Option<String>),
    Unchanged,
    Failed(Diagnosis),
    /// Rolled back or deleted since the person wanted that.
    Cancelled(String),
    /// The person left; it goes on in AWS.
    Left,
    Declined,
}

/// Where visitors find what the stack serves.
pub(super) fn address(state: &StackState) -> Option<String> {
    state.output(URL_OUTPUT).map(ToOwned::to_owned)
}

/// Tells how it ended, and with which exit code.
pub(super) fn conclude(
    context: &Context<'_>,
    outcomes: BTreeMap<&str, Result<Outcome>>,
    not_started: &[String],
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
                context.narrator.say(format!("{name}: cancelled ({status})"));
                cancelled.push(name);
            }
            Ok(Outcome::Left) => left.push(name),
            Ok(Outcome::Declined) => declined.push(name),
            Err(error) => errors.push(error),
        }
    }
    for name in not_started {
        context.narrator.say(format!("{name}: not started"));
    }
    if !left.is_empty() {
        let names = left.join(" ");
        context.narrator.say(format!("{names}: it goes on in AWS"));
        context
            .console
            .hint(format!("`infra deploy {names}` joins it again"));
    }
    // All but the last are told here; the last ends the command.
    let last = errors.pop();
    for error in &errors {
        context.console.error(error);
    }
    match last {
        Some(error) => Err(error),
        None if !left.is_empty() || !cancelled.is_empty() => Ok(ExitStatus::Interrupted),
        None if !declined.is_empty() => Ok(ExitStatus::Declined),
        None if !not_started.is_empty() => {
            Err(Failure::new(ExitStatus::StackFailed, "some stacks were not started").into())
        }
        None => {
            let stacks = if changed == 1 {
                "1 stack".to_owned()
            } else {
                format!("{changed} stacks")
            };
            context.narrator.say(format!("Done: {stacks} deployed."));
            for address in addresses {
                context.narrator.say(address);
            }
            Ok(ExitStatus::Done)
        }
    }
}
