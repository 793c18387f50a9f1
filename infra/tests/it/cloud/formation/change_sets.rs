//! Change sets: made at once, executed or removed.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use super::{Call, Formation, Response, arn, name_of};

impl Formation {
    pub(super) fn create_change_set(&mut self, call: &Call) -> Response {
        let (name, set) = (
            call.get("StackName").to_owned(),
            call.get("ChangeSetName").to_owned(),
        );
        assert!(call.get("TemplateBody").contains("Resources"), "no template");
        let creates = call.get("ChangeSetType") == "CREATE";
        let exists = self
            .stacks
            .get(&name)
            .is_some_and(|stack| stack.status != "REVIEW_IN_PROGRESS");
        if creates == exists {
            return Response::Error(
                400,
                "ValidationError",
                format!("Stack [{name}] is in the wrong state for that"),
            );
        }
        let changes = self.changes.get(&name).is_some_and(|changes| !changes.is_empty());
        let stack = self.stacks.entry(name.clone()).or_default();
        if creates {
            "REVIEW_IN_PROGRESS".clone_into(&mut stack.status);
        }
        stack
            .change_sets
            .insert(set.clone(), if changes { "CREATE_COMPLETE" } else { "FAILED" });
        Response::Xml(format!(
            "<Id>{}</Id><StackId>{}</StackId>",
            set_arn(&name, &set),
            arn(&name)
        ))
    }

    pub(super) fn describe_change_set(&self, call: &Call) -> Response {
        let (name, set) = set_of(call);
        let Some(status) = self
            .stacks
            .get(&name)
            .and_then(|stack| stack.change_sets.get(&set))
        else {
            return Response::Error(
                404,
                "ChangeSetNotFound",
                format!("ChangeSet [{set}] does not exist"),
            );
        };
        let reason = if *status == "FAILED" {
            "<StatusReason>The submitted information didn't contain changes. Submit different information to create a change set.</StatusReason>"
        } else {
            ""
        };
        let changes = self.changes.get(&name).cloned().unwrap_or_default();
        Response::Xml(format!(
            "<Status>{status}</Status>{reason}<Changes>{changes}</Changes><StackName>{name}</StackName>"
        ))
    }

    pub(super) fn list_change_sets(&self, call: &Call) -> Response {
        let name = name_of(call.get("StackName"));
        let mut members = String::new();
        for set in self
            .stacks
            .get(&name)
            .into_iter()
            .flat_map(|stack| stack.change_sets.keys())
        {
            let id = set_arn(&name, set);
            let hours = self.stacks[&name].hours.get(set).copied().unwrap_or(0);
            let created = humantime::format_rfc3339_seconds(SystemTime::now() - Duration::from_hours(hours));
            let _ = write!(
                members,
                "<member><ChangeSetName>{set}</ChangeSetName><ChangeSetId>{id}</ChangeSetId><CreationTime>{created}</CreationTime></member>"
            );
        }
        Response::Xml(format!("<Summaries>{members}</Summaries>"))
    }

    pub(super) fn delete_change_set(&mut self, call: &Call) -> Response {
        let (name, set) = set_of(call);
        if let Some(stack) = self.stacks.get_mut(&name) {
            if stack.status.ends_with("_IN_PROGRESS") && stack.status != "REVIEW_IN_PROGRESS" {
                return Response::Error(
                    400,
                    "InvalidChangeSetStatus",
                    format!("An operation on change set [{set}] is currently in progress."),
                );
            }
            stack.change_sets.remove(&set);
        }
        Response::Xml(String::new())
    }

    pub(super) fn execute(&mut self, call: &Call) -> Response {
        let (name, set) = set_of(call);
        let path = self.on_execute.get(&name).cloned();
        let Some(stack) = self
            .stacks
            .get_mut(&name)
            .filter(|stack| stack.change_sets.contains_key(&set))
        else {
            return Response::Error(
                404,
                "ChangeSetNotFound",
                format!("ChangeSet [{set}] does not exist"),
            );
        };
        // Executing one removes them all.
        stack.change_sets.clear();
        stack.path = path
            .unwrap_or_else(|| panic!("no path for executing {name}"))
            .into();
        self.changes.remove(&name);
        for (executed, other, changes) in &self.on_execute_changes {
            if *executed == name {
                self.changes.insert(other.clone(), changes.clone());
            }
        }
        self.advance(&name);
        Response::Xml(String::new())
    }
}

fn set_arn(stack: &str, set: &str) -> String {
    format!("arn:aws:cloudformation:eu-west-1:123456789012:changeSet/{set}/{stack}")
}

fn set_of(call: &Call) -> (String, String) {
    let set = call.get("ChangeSetName");
    match set
        .split_once(":changeSet/")
        .and_then(|(_, rest)| rest.split_once('/'))
    {
        Some((set, stack)) => (stack.to_owned(), set.to_owned()),
        None => (call.get("StackName").to_owned(), set.to_owned()),
    }
}
