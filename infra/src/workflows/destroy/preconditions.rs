//! Preconditions of a deletion: no other stack depends on the stacks, and they are not protected.
//!
//! The suggested commands name every stack of the deletion and every flag that they need.

use std::collections::BTreeSet;

use anyhow::Result;

use super::super::Context;
use super::{Present, Request};
use crate::deployment::condition::Condition;
use crate::deployment::ownership::{Owner, owner};
use crate::deployment::stack_spec::StackSpec;
use crate::exit::Failure;

/// A stack that depends on one to be deleted.
struct Dependent<'r> {
    spec: &'r StackSpec,
    /// The stack that it depends on.
    on: &'r str,
    protected: bool,
}

/// Rejects stacks with direct or indirect dependents that are not selected. Names all of them, so that the suggested
/// command is complete.
pub(super) async fn refuse_if_used(
    context: &Context<'_>,
    request: &Request,
    present: &[Present<'_>],
) -> Result<()> {
    let mut doomed: BTreeSet<&str> = present.iter().map(|(spec, _)| spec.name.as_str()).collect();
    let mut dependents: Vec<Dependent<'_>> = Vec::new();
    // Dependency order.
    for spec in &request.all {
        if doomed.contains(spec.name.as_str()) {
            continue;
        }
        let Some(on) = spec.uses().find(|need| doomed.contains(need.as_str())) else {
            continue;
        };
        let cloud = context.cloud(spec.region.as_deref())?;
        let Some(state) = cloud.stack(&spec.name).await? else {
            continue;
        };
        let exists = !matches!(
            Condition::of(&state.status),
            Condition::Absent | Condition::Review
        );
        if exists && !matches!(owner(spec, &state.tags), Owner::Other(_)) {
            dependents.push(Dependent {
                spec,
                on,
                protected: state.protected,
            });
            doomed.insert(&spec.name);
        }
    }
    let Some(first) = dependents.first() else {
        return Ok(());
    };
    let users = dependents.iter().filter(|dependent| dependent.on == first.on);
    let users: Vec<_> = users.map(|dependent| dependent.spec.name.as_str()).collect();
    let verb = if users.len() == 1 { "depends" } else { "depend" };
    let problem = format!("cannot delete {}: {} {verb} on it", first.on, listed(&users));
    let force = request.force
        || dependents.iter().any(|dependent| dependent.protected)
        || present.iter().any(|(_, state)| state.protected);
    // Deletion order: dependents first.
    let order = request.all.iter().rev().map(|spec| spec.name.as_str());
    let order: Vec<_> = order.filter(|name| doomed.contains(name)).collect();
    Err(Failure::failed(problem)
        .hint(format!(
            "delete dependents first; `infra destroy {}{}` deletes all in this order",
            order.join(" "),
            if force { " --force" } else { "" }
        ))
        .into())
}

/// Rejects protected stacks without `--force`.
pub(super) fn refuse_if_protected(present: &[Present<'_>], force: bool) -> Result<()> {
    let protected = present.iter().filter(|(_, state)| state.protected);
    let protected: Vec<_> = protected.map(|(spec, _)| spec.name.as_str()).collect();
    if protected.is_empty() || force {
        return Ok(());
    }
    let all: Vec<_> = present.iter().rev().map(|(spec, _)| spec.name.as_str()).collect();
    Err(
        Failure::failed(format!("{}: deletion protection is enabled", protected.join(" ")))
            .hint(format!(
                "`infra destroy {} --force` disables it after confirmation",
                all.join(" ")
            ))
            .into(),
    )
}

/// Joins names: `A, B and C`.
fn listed(names: &[&str]) -> String {
    match names {
        [names @ .., last] if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_joined_as_in_a_sentence() {
        assert_eq!(listed(&["A"]), "A");
        assert_eq!(listed(&["A", "B"]), "A and B");
        assert_eq!(listed(&["A", "B", "C"]), "A, B and C");
    }
}
