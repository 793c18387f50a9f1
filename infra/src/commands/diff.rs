//! `infra diff`: what a deployment would change.

mod against;

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde_json::{Value as Json, json};

use super::settings;
use crate::cli::{Diff, Global};
use crate::console::{Console, Paint, Style, wrapped};
use crate::exit::ExitStatus;
use crate::plan::{self, Difference};
use against::Against;

/// A stack and how it differs.
struct Compared {
    stack: String,
    state: State,
    difference: Difference,
}

/// On which sides a stack is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Only in the settings.
    New,
    /// On both.
    There,
    /// Only in what is compared with.
    Gone,
}

impl State {
    fn word(self, difference: &Difference) -> &'static str {
        match self {
            Self::New => "new",
            Self::Gone => "gone",
            Self::There if difference.is_empty() => "same",
            Self::There => "changed",
        }
    }
}

/// Compares the templates with those at a path, stack by stack.
pub(super) fn run(arguments: &Diff, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (_, graph) = settings::graph(global)?;
    let stacks = settings::select(&graph, &arguments.targets)?;
    let against = Against::open(&arguments.against, &stacks)?;
    let mut compared = Vec::new();
    for stack in &stacks {
        let Some(old) = against.template(&stack.name)? else {
            compared.push(Compared {
                stack: stack.name.clone(),
                state: State::New,
                difference: plan::compare(&Json::Null, stack.template.json()),
            });
            continue;
        };
        compared.push(Compared {
            stack: stack.name.clone(),
            state: State::There,
            difference: plan::compare(&old, stack.template.json()),
        });
    }
    if stacks.len() == graph.stacks().len() {
        for (stack, old) in against.others(&stacks)? {
            compared.push(Compared {
                stack,
                state: State::Gone,
                difference: plan::compare(&old, &Json::Null),
            });
        }
    }
    let differs = compared
        .iter()
        .any(|one| one.state != State::There || !one.difference.is_empty());
    let text = if console.json() {
        format!("{:#}\n", as_json(&compared))
    } else {
        as_text(&compared, console.paint_out())
    };
    console.data(text).context("cannot print the differences")?;
    Ok(if arguments.exit_code && differs {
        ExitStatus::Failed
    } else {
        ExitStatus::Done
    })
}

fn as_text(compared: &[Compared], paint: Paint) -> String {
    let mut text = String::new();
    let mut same = Vec::new();
    for one in compared {
        if one.state == State::There && one.difference.is_empty() {
            same.push(one.stack.as_str());
            continue;
        }
        let headline = match one.state {
            State::New => format!("a new stack, {}", one.difference.summary()),
            State::Gone => format!(
                "no longer a stack of these settings, {}",
                one.difference.summary()
            ),
            State::There => one.difference.summary(),
        };
        let name = paint.apply(Style::Bold, &one.stack);
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name}: {headline}");
        for line in plan::lines(&one.difference, paint) {
            text.push_str(&line);
            text.push('\n');
        }
        text.push('\n');
    }
    if !same.is_empty() {
        let line = format!("no difference: {}", same.join(", "));
        let _ = writeln!(text, "{}", wrapped(&line, 80).join("\n  "));
    }
    text
}

fn as_json(compared: &[Compared]) -> Json {
    let stacks: Vec<_> = compared
        .iter()
        .map(|one| {
            json!({
                "stack": one.stack,
                "state": one.state.word(&one.difference),
                "resources": one.difference.resources,
                "others": one.difference.others,
                "broadening": one.difference.broadening,
            })
        })
        .collect();
    json!({ "stacks": stacks })
}
