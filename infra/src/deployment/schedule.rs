//! Schedule of stacks: independent ones concurrently, dependent ones after their dependencies.
//!
//! Only dependencies between stacks of this run count; planning checks the others.

use std::collections::{BTreeMap, BTreeSet};

/// Schedule of a run.
#[derive(Clone, Debug)]
pub struct Schedule {
    waiting: BTreeMap<String, BTreeSet<String>>,
    order: Vec<String>,
    done: BTreeSet<String>,
    failed: BTreeSet<String>,
}

impl Schedule {
    /// Creates a schedule from stacks with their dependencies. Dependencies outside the run are ignored.
    pub fn new<'a>(stacks: impl IntoIterator<Item = (&'a str, &'a [String])>) -> Self {
        let stacks: Vec<_> = stacks.into_iter().collect();
        let names: BTreeSet<&str> = stacks.iter().map(|(name, _)| *name).collect();
        let waiting = stacks
            .iter()
            .map(|(name, needs)| {
                let needs = needs
                    .iter()
                    .filter(|need| names.contains(need.as_str()))
                    .cloned()
                    .collect();
                ((*name).to_owned(), needs)
            })
            .collect();
        Self {
            waiting,
            order: stacks.iter().map(|(name, _)| (*name).to_owned()).collect(),
            done: BTreeSet::new(),
            failed: BTreeSet::new(),
        }
    }

    /// Reverses all dependencies, for deletions.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let mut waiting: BTreeMap<String, BTreeSet<String>> = self
            .waiting
            .keys()
            .map(|name| (name.clone(), BTreeSet::new()))
            .collect();
        for (name, needs) in &self.waiting {
            for need in needs {
                if let Some(users) = waiting.get_mut(need) {
                    users.insert(name.clone());
                }
            }
        }
        Self {
            waiting,
            order: self.order.iter().rev().cloned().collect(),
            done: BTreeSet::new(),
            failed: BTreeSet::new(),
        }
    }

    /// Returns the stacks that can start now, in input order, each once.
    pub fn take_ready(&mut self) -> Vec<String> {
        let ready: Vec<String> = self
            .order
            .iter()
            .filter(|name| {
                self.waiting
                    .get(*name)
                    .is_some_and(|needs| needs.is_subset(&self.done))
            })
            .cloned()
            .collect();
        for name in &ready {
            self.waiting.remove(name);
        }
        ready
    }

    /// Marks a stack as done.
    pub fn succeeded(&mut self, name: &str) {
        self.done.insert(name.to_owned());
    }

    /// Marks a stack as failed: its dependents do not start.
    pub fn failed(&mut self, name: &str) {
        self.failed.insert(name.to_owned());
    }

    /// Returns the stacks that never started, because of failed dependencies or a cycle.
    pub fn never_started(&self) -> Vec<String> {
        self.order
            .iter()
            .filter(|name| self.waiting.contains_key(*name))
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn school() -> Schedule {
        let (none, app) = (needs(&[]), needs(&["DevCluster", "Images"]));
        Schedule::new([
            ("DevCluster", none.as_slice()),
            ("Images", none.as_slice()),
            ("DevAppStack", app.as_slice()),
        ])
    }

    #[test]
    fn dependent_stacks_start_after_all_dependencies() {
        let mut schedule = school();
        assert_eq!(schedule.take_ready(), ["DevCluster", "Images"]);
        assert!(schedule.take_ready().is_empty());
        schedule.succeeded("Images");
        assert!(schedule.take_ready().is_empty());
        schedule.succeeded("DevCluster");
        assert_eq!(schedule.take_ready(), ["DevAppStack"]);
        assert!(schedule.never_started().is_empty());
    }

    #[test]
    fn failure_blocks_dependents() {
        let mut schedule = school();
        schedule.take_ready();
        schedule.succeeded("Images");
        schedule.failed("DevCluster");
        assert!(schedule.take_ready().is_empty());
        assert_eq!(schedule.never_started(), ["DevAppStack"]);
    }

    #[test]
    fn deletion_order_is_reversed() {
        let mut schedule = school().reversed();
        assert_eq!(schedule.take_ready(), ["DevAppStack"]);
        schedule.succeeded("DevAppStack");
        assert_eq!(schedule.take_ready(), ["Images", "DevCluster"]);
    }

    #[test]
    fn dependencies_outside_the_run_are_ignored() {
        let app = needs(&["DevCluster"]);
        let mut schedule = Schedule::new([("DevAppStack", app.as_slice())]);
        assert_eq!(schedule.take_ready(), ["DevAppStack"]);
    }
}
