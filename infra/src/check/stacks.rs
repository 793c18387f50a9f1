//! Whether the templates can be made, and how near they are to CloudFormation's limit.

use super::{Finding, build_specs};
use crate::cfn::{Defect, INLINE_LIMIT};
use crate::stacks::{Graph, SynthError};

/// What the templates came to. Those that were made have no reference that leads nowhere, or they would not have been.
pub fn templates(made: Result<&Graph, &SynthError>) -> Vec<Finding> {
    let about = "templates";
    let graph = match made {
        Ok(graph) => graph,
        Err(SynthError { stack, defects }) => {
            let defect = |defect: &Defect| {
                let finding = Finding::error(about, format!("{stack}: {defect}"));
                match defect {
                    Defect::TooLong(_) => finding.remedy("shorten what the settings repeat most: schedules"),
                    _ => finding.remedy("this is a mistake of `infra` itself, in infra/src/stacks"),
                }
            };
            return defects.iter().map(defect).collect();
        }
    };
    let stacks = graph.stacks();
    let mut found = Vec::new();
    if let Some(largest) = stacks.iter().max_by_key(|stack| stack.body().len()) {
        let (name, bytes) = (&largest.name, largest.body().len());
        found.push(Finding::ok(
            about,
            format!(
                "{} stacks; the largest, {name}, has {bytes} of {INLINE_LIMIT} bytes",
                stacks.len()
            ),
        ));
        // Room for what a fork adds; the next setting may be one too many.
        if bytes > INLINE_LIMIT / 100 * 95 {
            found.push(Finding::warning(
                about,
                format!("{name} is nearly as long as CloudFormation takes"),
            ));
        }
    }
    found.extend(build_specs::build_specs(graph));
    found
}
