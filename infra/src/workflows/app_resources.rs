//! Resources of an app stack that verbs look up: its service and task definitions.

use crate::stacks::RUN_TASK_DEFINITION;

/// Physical IDs; `None` for those that the stack does not have (yet).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AppResources {
    /// ARN of the service.
    pub(super) service: Option<String>,
    /// Task definition of the service.
    pub(super) task_definition: Option<String>,
    /// Task definition of one-off tasks.
    pub(super) run_definition: Option<String>,
}

impl AppResources {
    /// Selects from the resources of a stack: logical ID, type, physical ID.
    pub(super) fn of(resources: &[(String, String, String)]) -> Self {
        let find = |kind: &str, wanted: &dyn Fn(&str) -> bool| {
            resources
                .iter()
                .find(|(id, found, physical)| found == kind && !physical.is_empty() && wanted(id))
                .map(|(.., physical)| physical.clone())
        };
        let definition = "AWS::ECS::TaskDefinition";
        Self {
            service: find("AWS::ECS::Service", &|_| true),
            task_definition: find(definition, &|id| id != RUN_TASK_DEFINITION),
            run_definition: find(definition, &|id| id == RUN_TASK_DEFINITION),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_definitions_are_distinguished_in_any_order() {
        let row = |id: &str, kind: &str, physical: &str| {
            (id.to_owned(), format!("AWS::ECS::{kind}"), physical.to_owned())
        };
        let mut rows = vec![
            row("RunTaskDefinition", "TaskDefinition", "x-run:3"),
            row("Service", "Service", ""),
            row("TaskDefinition", "TaskDefinition", "x:9"),
        ];
        for _ in 0..2 {
            let found = AppResources::of(&rows);
            assert_eq!(found.service, None);
            assert_eq!(found.task_definition.as_deref(), Some("x:9"));
            assert_eq!(found.run_definition.as_deref(), Some("x-run:3"));
            rows.reverse();
        }
    }
}
