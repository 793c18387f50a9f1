//! Whether the build specs in the templates are what CodeBuild reads.
//!
//! CodeBuild tells a mistake in them only when somebody has pushed and waits. This looks at their outline, by
//! indentation; what the commands do is tested by running them.

use serde_json::Value as Json;

use super::Finding;
use crate::stacks::Graph;

/// The phases that CodeBuild knows.
const PHASES: [&str; 4] = ["install", "pre_build", "build", "post_build"];

/// What the build specs of all stacks came to.
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
                        .remedy("mend it in infra/src/stacks/build_specs"),
                ),
            }
        }
    }
    if found.is_empty() {
        found.push(Finding::ok(
            about,
            format!("{good}, each with phases and commands"),
        ));
    }
    found
}

/// The text of a build spec, also within `Fn::Sub`.
fn text(value: &Json) -> Option<&str> {
    value.as_str().or_else(|| value.get("Fn::Sub")?.as_str())
}

/// Looks at the outline of a build spec.
///
/// # Errors
/// What is wrong with it.
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
                "line {} is indented by a tab, which YAML does not take",
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
                        "`{key}` is no phase of CodeBuild; it has {}",
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
        return Err("it does not say `version: 0.2`".to_owned());
    }
    if text.lines().any(|line| line.trim_end() == "phases:") {
        Ok(())
    } else {
        Err("it has no phases".to_owned())
    }
}

fn ended(phase: Option<(&str, bool)>) -> Result<(), String> {
    match phase {
        Some((name, false)) => Err(format!("the phase `{name}` has no commands")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_is_told_from_a_mistake() {
        let told = |text: &str| outline(text).err().unwrap_or_default();
        let good = "version: 0.2\nphases:\n  build:\n    commands:\n      - make\n";
        assert_eq!(told(good), "");
        assert_eq!(told(&good.replace("0.2", "2")), "it does not say `version: 0.2`");
        assert_eq!(told("version: 0.2\n"), "it has no phases");
        assert!(told(&good.replace("  build:", "  make:")).starts_with("`make` is no phase"));
        assert_eq!(
            told(&good.replace("    commands:", "    finally:")),
            "the phase `build` has no commands"
        );
        assert!(told(&good.replace("    commands", "\tcommands")).starts_with("line 4 is indented by a tab"));
    }
}
