//! Validity and size of the templates.

use super::{Finding, build_specs};
use crate::cfn::{Defect, INLINE_LIMIT};
use crate::stacks::{Graph, SynthError};

/// Checks the templates. Generated templates have no dangling references.
pub fn templates(generated: Result<&Graph, &SynthError>) -> Vec<Finding> {
    let about = "templates";
    let graph = match generated {
        Ok(graph) => graph,
        Err(SynthError { stack, defects }) => {
            let defect = |defect: &Defect| {
                let finding = Finding::error(about, format!("{stack}: {defect}"));
                match defect {
                    Defect::TooLong(_) => finding.remedy("use fewer schedules"),
                    _ => finding.remedy("this is a bug in infra/src/stacks"),
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
        // Leaves room for additions.
        if bytes > INLINE_LIMIT / 100 * 95 {
            found.push(Finding::warning(
                about,
                format!("{name} is close to CloudFormation's size limit"),
            ));
        }
    }
    found.extend(build_specs::build_specs(graph));
    found
}
