//! Ownership of stacks: the `project` tag decides whether a stack belongs to this project.
//!
//! Stack names are generic: a stack with the expected name may belong to another project.

use super::stack_spec::StackSpec;
use crate::exit::Failure;

/// The stack tag that names the project.
pub const PROJECT_TAG: &str = "project";

/// Owner of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This project.
    Us,
    /// The project in the tag.
    Other(String),
    /// No tag.
    Unknown,
}

/// Returns the owner of a stack by its tags. `ours` is any stack of this project.
pub fn owner(ours: &StackSpec, tags: &[(String, String)]) -> Owner {
    let found = tags.iter().find(|(key, _)| key == PROJECT_TAG);
    match (ours.tag(PROJECT_TAG), found) {
        (None, _) => Owner::Us,
        (Some(_), None) => Owner::Unknown,
        (Some(project), Some((_, value))) if project == value => Owner::Us,
        (_, Some((_, value))) => Owner::Other(value.clone()),
    }
}

/// Checks that the stack `name` with these tags belongs to this project.
///
/// # Errors
/// The error names the stack and both projects.
pub fn must_be_ours(name: &str, ours: &StackSpec, tags: &[(String, String)]) -> Result<(), Failure> {
    let project = ours.tag(PROJECT_TAG).unwrap_or_default();
    match owner(ours, tags) {
        Owner::Us => Ok(()),
        Owner::Other(found) => Err(Failure::failed(format!(
            "stack {name} belongs to project `{found}`, not to `{project}`"
        ))
        .hint("set `stack-prefix` in infra.toml to rename the stacks of this project")
        .hint("or select another project, account or region with `--config`, `--profile` or `--region`")),
        Owner::Unknown => Err(Failure::failed(format!(
            "stack {name} has no tag `{PROJECT_TAG}`, so it may not belong to project `{project}`"
        ))
        .hint(format!(
            "if it does, add tag `{PROJECT_TAG}` = `{project}` to the stack (CloudFormation console: Update, existing template), then run the command again"
        ))
        .hint("if not, set `stack-prefix` in infra.toml to rename the stacks of this project")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(project: &str) -> Vec<(String, String)> {
        vec![("project".to_owned(), project.to_owned())]
    }

    fn ours() -> StackSpec {
        StackSpec {
            tags: tags("penguin"),
            ..StackSpec::named("DevCluster")
        }
    }

    #[test]
    fn error_names_stack_and_both_projects() {
        assert!(must_be_ours("DevCluster", &ours(), &tags("penguin")).is_ok());
        let error =
            |tags: &[(String, String)]| must_be_ours("DevCluster", &ours(), tags).unwrap_err().to_string();
        assert_eq!(
            error(&tags("walrus")),
            "stack DevCluster belongs to project `walrus`, not to `penguin`"
        );
        assert_eq!(
            error(&[]),
            "stack DevCluster has no tag `project`, so it may not belong to project `penguin`"
        );
    }
}
