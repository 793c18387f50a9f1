//! Rights limited by the tags `project` and `environment`.
//!
//! They are merged into few statements, since IAM limits the size of a role's policies; actions of one service never apply to
//! ARNs of another.

use super::names::Names;
use crate::cfn::{Arn, Condition, Statement, Text, Value};
use crate::settings::EnvironmentName;

/// Collects rights limited by the tags of an environment.
pub(super) struct Tagged {
    tags: [(&'static str, String); 2],
    own: Rights,
    unclaimed: Rights,
}

#[derive(Default)]
struct Rights {
    actions: Vec<&'static str>,
    resources: Vec<Value<Arn>>,
}

impl Rights {
    fn add<const N: usize>(&mut self, actions: &[&'static str], resources: [Value<Arn>; N]) {
        self.actions.extend(actions);
        self.resources.extend(resources);
    }

    fn statement(self) -> Statement {
        Statement::allow(self.actions).on(self.resources)
    }
}

impl Tagged {
    pub(super) fn new(names: &Names, environment: EnvironmentName) -> Self {
        Self {
            tags: [
                ("aws:ResourceTag/project", names.project().to_owned()),
                ("aws:ResourceTag/environment", environment.as_str().to_owned()),
            ],
            own: Rights::default(),
            unclaimed: Rights::default(),
        }
    }

    /// Allows actions on resources tagged for the environment.
    pub(super) fn own<const N: usize>(&mut self, actions: &[&'static str], resources: [Value<Arn>; N]) {
        self.own.add(actions, resources);
    }

    /// Allows actions on resources that are untagged, such as new ones, or tagged for the environment.
    pub(super) fn unclaimed<const N: usize>(&mut self, actions: &[&'static str], resources: [Value<Arn>; N]) {
        self.unclaimed.add(actions, resources);
    }

    /// Limits a statement to resources that are untagged or tagged for the environment.
    pub(super) fn if_unclaimed(&self, statement: Statement) -> Statement {
        self.tags.iter().fold(statement, |statement, (tag, value)| {
            statement.when(Condition::equals_if_exists::<Text>(tag, value.as_str().into()))
        })
    }

    /// Returns the collected rights.
    pub(super) fn statements(mut self) -> [Statement; 2] {
        let unclaimed = std::mem::take(&mut self.unclaimed).statement();
        let own = std::mem::take(&mut self.own).statement();
        let own = self.tags.iter().fold(own, |statement, (tag, value)| {
            statement.when(Condition::equals::<Text>(tag, value.as_str().into()))
        });
        [self.if_unclaimed(unclaimed), own]
    }
}
