//! Which stack can start now: independent ones at once, dependent ones after what they need.
//!
//! It knows names and edges. Only edges between the stacks of this run count; what else a stack needs was there
//! before or is missing, which the planning finds out.

use std::collections::{BTreeMap, BTreeSet};

/// The order of a run, kept as it proceeds.
#[derive(Clone, Debug)]
pub struct Schedule {
    waiting: BTreeMap<String, BTreeSet<String>>,
    order: Vec<String>,
    done: BTreeSet<String>,
    failed: BTreeSet<String>,
}

impl Schedule {
    /// A schedule of stacks, each with the names of those it needs. Names that are not stacks of this run are
    /// left out of account.
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

    /// The same stacks with every edge turned round: the order of a destruction.
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

    /// Takes the stacks that can start now, in the order in which they were given. Each is handed out once.
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

    /// Notes that a stack is as wanted.
    pub fn succeeded(&mut self, name: &str) {
        self.done.insert(name.to_owned());
    }

    /// Notes that a stack failed: what needs it will not start.
    pub fn failed(&mut self, name: &str) {
        self.failed.insert(name.to_owned());
    }

    /// Stacks that were never handed out: what they need failed, or a circle holds them.
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
    fn independent_stacks_start_together_and_dependent_ones_after_all_they_need() {
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
    fn a_failure_holds_back_what_needs_it() {
        let mut schedule = school();
        schedule.take_ready();
        schedule.succeeded("Images");
        schedule.failed("DevCluster");
        assert!(schedule.take_ready().is_empty());
        assert_eq!(schedule.never_started(), ["DevAppStack"]);
    }

    #[test]
    fn destruction_goes_the_other_way() {
        let mut schedule = school().reversed();
        assert_eq!(schedule.take_ready(), ["DevAppStack"]);
        schedule.succeeded("DevAppStack");
        assert_eq!(schedule.take_ready(), ["Images", "DevCluster"]);
    }

    #[test]
    fn what_is_not_part_of_the_run_is_not_waited_for() {
        let app = needs(&["DevCluster"]);
        let mut schedule = Schedule::new([("DevAppStack", app.as_slice())]);
        assert_eq!(schedule.take_ready(), ["DevAppStack"]);
    }
}
