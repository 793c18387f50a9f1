//! `infra diff`: shows what a deployment would change.

mod against;
mod deployed;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value as Json, json};

use super::settings;
use crate::cli::{Diff, Global};
use crate::console::{Console, Paint, Style, wrapped};
use crate::deployment::drift::Drifted;
use crate::deployment::parameters::ParameterChange;
use crate::exit::ExitStatus;
use crate::plan::{self, Difference};
use crate::report::{drift, parameters};
use crate::stacks::Stack;
use against::Against;

/// A stack and its differences.
struct Compared {
    stack: String,
    state: State,
    difference: Difference,
    /// Manual changes; `None` without `--drift`.
    drift: Option<Vec<Drifted>>,
    /// Parameters that a deployment would change.
    parameters: Vec<ParameterChange>,
}

/// The other side of the comparison.
#[derive(Default)]
struct Baseline {
    /// Templates of the selected stacks.
    templates: BTreeMap<String, Json>,
    /// Templates of stacks that are not in the settings.
    strangers: Vec<(String, Json)>,
    /// Manual changes by stack; `None` without `--drift`.
    drift: Option<BTreeMap<String, Vec<Drifted>>>,
    /// Parameters that a deployment would change, by stack.
    parameters: BTreeMap<String, Vec<ParameterChange>>,
}

/// Sides on which a stack exists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Only in the settings.
    New,
    /// On both.
    There,
    /// Only in the baseline.
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

impl Compared {
    /// Returns whether neither template, parameters nor live resources differ.
    fn is_same(&self) -> bool {
        self.difference.is_empty()
            && self.parameters.is_empty()
            && self.drift.as_ref().is_none_or(Vec::is_empty)
    }
}

/// Reads templates from files. Templates of unknown stacks count only if all stacks are selected.
fn from_files(path: &Path, stacks: &[&Stack], all: bool) -> Result<Baseline> {
    let against = Against::open(path, stacks)?;
    let mut other = Baseline::default();
    for stack in stacks {
        if let Some(template) = against.template(&stack.name)? {
            other.templates.insert(stack.name.clone(), template);
        }
    }
    if all {
        other.strangers = against.others(stacks)?;
    }
    Ok(other)
}

/// Compares the templates with those deployed or at a path, stack by stack.
pub(super) fn run(arguments: &Diff, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (settings, graph) = settings::graph(global)?;
    let stacks = settings::select(&graph, &arguments.targets)?;
    let mut other = match &arguments.against {
        Some(path) => from_files(path, &stacks, stacks.len() == graph.stacks().len())?,
        None => deployed::other(&stacks, &settings, arguments.drift, global, console)?,
    };
    let mut compared = Vec::new();
    for stack in &stacks {
        let old = other.templates.remove(&stack.name);
        let state = if old.is_some() { State::There } else { State::New };
        let drift = other
            .drift
            .as_mut()
            .map(|drift| drift.remove(&stack.name).unwrap_or_default());
        compared.push(Compared {
            stack: stack.name.clone(),
            state,
            difference: plan::compare(&old.unwrap_or(Json::Null), stack.template.json()),
            drift,
            parameters: other.parameters.remove(&stack.name).unwrap_or_default(),
        });
    }
    for (stack, old) in other.strangers {
        compared.push(Compared {
            stack,
            state: State::Gone,
            difference: plan::compare(&old, &Json::Null),
            drift: None,
            parameters: Vec::new(),
        });
    }
    let differs = compared
        .iter()
        .any(|one| one.state != State::There || !one.is_same());
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
        if one.state == State::There && one.is_same() {
            same.push(one.stack.as_str());
            continue;
        }
        let headline = match one.state {
            State::New => format!("new stack, {}", one.difference.summary()),
            State::Gone => format!("not in the settings, {}", one.difference.summary()),
            State::There if one.difference.is_empty() => "template unchanged".to_owned(),
            State::There => one.difference.summary(),
        };
        let name = paint.apply(Style::Bold, &one.stack);
        let _ = writeln!(text, "{name}: {headline}");
        let given = parameters::lines(&one.parameters, paint);
        let drifted = drift::lines(one.drift.as_deref().unwrap_or_default(), paint);
        for line in plan::lines(&one.difference, paint)
            .into_iter()
            .chain(given)
            .chain(drifted)
        {
            text.push_str(&line);
            text.push('\n');
        }
        text.push('\n');
    }
    if !same.is_empty() {
        let line = format!("no differences: {}", same.join(", "));
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
                "broadening": one.difference.widening,
                "drift": one.drift,
                "parameters": one.parameters,
            })
        })
        .collect();
    json!({ "stacks": stacks })
}
