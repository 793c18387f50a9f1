//! Structure of the build specs in the templates.
//!
//! CodeBuild reports mistakes only in a build. This checks version, phases and commands by indentation; tests run the
//! commands.

use serde_json::Value as Json;

use super::Finding;
use crate::stacks::Graph;

/// Phases of a CodeBuild build spec.
const PHASES: [&str; 4] = ["install", "pre_build", "build", "post_build"];

/// Checks the build specs of all stacks.
pub(super) fn build_specs(graph: &Graph) -> Vec<Finding> {
    let about = "build specs";
    let (mut found, mut good) = (Vec::new(), 0);
    for stack in graph.stacks() {
        let projects = stack
            .template
            .resources()
            .filter(|(_, kind, _)| *kind == "AWS::CodeBuild::Project");
        for (id, _, properties) in projects {
            let Some(text) = properties.pointer("/Source/BuildSpec").and_then(text) else {
                continue;
            };
            match outline(text) {
                Ok(()) => good += 1,
                Err(problem) => found.push(
                    Finding::error(about, format!("{}: {id}: {problem}", stack.name))
                        .remedy("correct it in infra/src/stacks/build_specs"),
                ),
            }
        }
    }
    if found.is_empty() {
        found.push(Finding::ok(
            about,
            format!("{good}, with valid phases and commands"),
        ));
    }
    found
}

/// Returns the text of a build spec, also inside `Fn::Sub`.
fn text(value: &Json) -> Option<&str> {
    value.as_str().or_else(|| value.get("Fn::Sub")?.as_str())
}

/// Checks the structure of a build spec.
///
/// # Errors
/// Returns the first mistake.
fn outline(text: &str) -> Result<(), String> {
    let (mut version, mut section, mut phase) = (false, "", None::<(&str, bool)>);
    for (number, line) in text.lines().enumerate() {
        let bare = line.trim_start();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let indent = line.len() - bare.len();
        if line.get(..indent).is_some_and(|space| space.contains('\t')) {
            return Err(format!(
                "line {} is indented with a tab, which YAML does not allow",
                number + 1
            ));
        }
        let (key, value) = bare
            .split_once(':')
            .map_or((bare, ""), |(key, value)| (key, value.trim()));
        match indent {
            0 => {
                ended(phase.take())?;
                section = key;
                version |= key == "version" && value == "0.2";
            }
            2 if section == "phases" => {
                ended(phase)?;
                if !PHASES.contains(&key) {
                    return Err(format!(
                        "`{key}` is not a CodeBuild phase; expected one of {}",
                        PHASES.join(", ")
                    ));
                }
                phase = Some((key, false));
            }
            4 if section == "phases" && key == "commands" => phase = phase.map(|(name, _)| (name, true)),
            _ => {}
        }
    }
    ended(phase)?;
    if !version {
        return Err("missing `version: 0.2`".to_owned());
    }
    if text.lines().any(|line| line.trim_end() == "phases:") {
        Ok(())
    } else {
        Err("missing `phases`".to_owned())
    }
}

fn ended(phase: Option<(&str, bool)>) -> Result<(), String> {
    match phase {
        Some((name, false)) => Err(format!("phase `{name}` has no commands")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_build_specs_are_rejected() {
        let mistake = |text: &str| outline(text).err().unwrap_or_default();
        let good = "version: 0.2\nphases:\n  build:\n    commands:\n      - make\n";
        assert_eq!(mistake(good), "");
        assert_eq!(mistake(&good.replace("0.2", "2")), "missing `version: 0.2`");
        assert_eq!(mistake("version: 0.2\n"), "missing `phases`");
        assert!(mistake(&good.replace("  build:", "  make:")).starts_with("`make` is not a CodeBuild phase"));
        assert_eq!(
            mistake(&good.replace("    commands:", "    finally:")),
            "phase `build` has no commands"
        );
        assert!(
            mistake(&good.replace("    commands", "\tcommands")).starts_with("line 4 is indented with a tab")
        );
    }
}
