//! Targets on the command line: resolution to stacks.

use std::collections::BTreeSet;

use super::{Graph, Stack, StackKind};
use crate::settings::{EnvironmentName, nearest};

/// A target that matches no stack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown target `{target}`")]
pub struct UnknownTarget {
    /// The target as typed.
    pub target: String,
    /// The most similar target.
    pub nearest: Option<String>,
    /// All valid targets.
    pub known: Vec<String>,
}

impl UnknownTarget {
    /// Returns a hint in one line.
    pub fn hint(&self) -> String {
        match &self.nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("valid targets: {}", self.known.join(", ")),
        }
    }
}

const GROUPS: [&str; 3] = ["clusters", "pipelines", "all"];

impl Graph {
    /// Returns the stacks of the targets in deployment order; without targets, all stacks.
    ///
    /// A target is a stack, an environment (its cluster, foundation and app stack), `clusters`, `pipelines` or `all`.
    ///
    /// # Errors
    /// Fails at the first unknown target.
    pub fn select<T: AsRef<str>>(&self, targets: &[T]) -> Result<Vec<&Stack>, UnknownTarget> {
        self.chosen(targets, |_, _| true)
    }

    /// Returns the stacks to destroy for the targets, in the order of [`Self::select`]. An environment means only its
    /// own stacks: not the foundation and, for staging, not the cluster of prod.
    ///
    /// # Errors
    /// Fails at the first unknown target.
    pub fn select_to_destroy<T: AsRef<str>>(&self, targets: &[T]) -> Result<Vec<&Stack>, UnknownTarget> {
        self.chosen(targets, |target, stack| {
            environment(target).is_none_or(|name| stack.environment == Some(name))
        })
    }

    fn chosen<T: AsRef<str>>(
        &self,
        targets: &[T],
        filter: impl Fn(&str, &Stack) -> bool,
    ) -> Result<Vec<&Stack>, UnknownTarget> {
        let mut selected = BTreeSet::new();
        for target in targets {
            let mut named = self.named(target.as_ref());
            named.retain(|stack| filter(target.as_ref(), stack));
            if named.is_empty() {
                return Err(self.unknown(target.as_ref()));
            }
            selected.extend(named.into_iter().map(|stack| stack.name.as_str()));
        }
        Ok(self
            .stacks()
            .iter()
            .filter(|stack| targets.is_empty() || selected.contains(stack.name.as_str()))
            .collect())
    }

    /// Returns everything that can be typed as a target.
    pub fn targets(&self) -> Vec<String> {
        EnvironmentName::ALL
            .iter()
            .map(|name| name.as_str().to_owned())
            .chain(GROUPS.iter().map(|&group| group.to_owned()))
            .chain(self.stacks().iter().map(|stack| stack.name.clone()))
            .collect()
    }

    fn named(&self, target: &str) -> Vec<&Stack> {
        let of_kind = |kinds: &[StackKind]| -> Vec<&Stack> {
            self.stacks()
                .iter()
                .filter(|stack| kinds.contains(&stack.kind))
                .collect()
        };
        match target {
            "all" => self.stacks().iter().collect(),
            "clusters" => of_kind(&[StackKind::Cluster]),
            "pipelines" => of_kind(&[StackKind::DevPipeline, StackKind::ReleasePipeline]),
            _ => match environment(target).and_then(|name| self.app(name)) {
                Some(app) => self
                    .stacks()
                    .iter()
                    .filter(|stack| stack.name == app.name || app.depends_on.contains(&stack.name))
                    .collect(),
                None => self.get(target).into_iter().collect(),
            },
        }
    }

    fn unknown(&self, target: &str) -> UnknownTarget {
        let known = self.targets();
        UnknownTarget {
            target: target.to_owned(),
            nearest: nearest(target, known.iter().map(String::as_str)).map(str::to_owned),
            known,
        }
    }
}

fn environment(target: &str) -> Option<EnvironmentName> {
    EnvironmentName::ALL
        .into_iter()
        .find(|name| name.as_str() == target)
}
