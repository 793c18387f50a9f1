//! Targets: how stacks are named on the command line.

use std::collections::BTreeSet;

use super::{Graph, Stack, StackKind};
use crate::settings::{EnvironmentName, nearest};

/// A target that names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no target `{target}`")]
pub struct UnknownTarget {
    /// What was typed.
    pub target: String,
    /// What was probably meant.
    pub nearest: Option<String>,
    /// All that can be typed.
    pub known: Vec<String>,
}

impl UnknownTarget {
    /// What to do about it, in one line.
    pub fn hint(&self) -> String {
        match &self.nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("a target is one of {}", self.known.join(", ")),
        }
    }
}

const GROUPS: [&str; 3] = ["clusters", "pipelines", "all"];

impl Graph {
    /// The stacks that the targets name, in an order in which they can be deployed. No target means all.
    ///
    /// A target is a stack, an environment (its cluster, what its images need, its app), `clusters`, `pipelines` or
    /// `all`.
    ///
    /// # Errors
    /// At the first target that names nothing.
    pub fn select<T: AsRef<str>>(&self, targets: &[T]) -> Result<Vec<&Stack>, UnknownTarget> {
        self.chosen(targets, |_, _| true)
    }

    /// The stacks to destroy for the targets, in the order of [`Self::select`].
    ///
    /// Here an environment means what is its own: neither the image repositories nor, for staging, the cluster of
    /// prod.
    ///
    /// # Errors
    /// At the first target that names nothing.
    pub fn select_to_destroy<T: AsRef<str>>(&self, targets: &[T]) -> Result<Vec<&Stack>, UnknownTarget> {
        self.chosen(targets, |target, stack| {
            environment(target).is_none_or(|name| stack.environment == Some(name))
        })
    }

    fn chosen<T: AsRef<str>>(
        &self,
        targets: &[T],
        meant: impl Fn(&str, &Stack) -> bool,
    ) -> Result<Vec<&Stack>, UnknownTarget> {
        let mut wanted = BTreeSet::new();
        for target in targets {
            let mut named = self.named(target.as_ref());
            named.retain(|stack| meant(target.as_ref(), stack));
            if named.is_empty() {
                return Err(self.unknown(target.as_ref()));
            }
            wanted.extend(named.into_iter().map(|stack| stack.name.as_str()));
        }
        Ok(self
            .stacks()
            .iter()
            .filter(|stack| targets.is_empty() || wanted.contains(stack.name.as_str()))
            .collect())
    }

    /// All that can be typed as a target.
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
