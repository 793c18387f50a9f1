//! Merges paged sources by time, and filters lines already printed.

use std::collections::{HashSet, VecDeque};

use super::LogLine;

/// Merges paged sources. A line is returned once no source can have an earlier one, so that memory holds one page per
/// source.
#[derive(Debug)]
pub struct Merge {
    sources: Vec<Source>,
}

#[derive(Debug, Default)]
struct Source {
    lines: VecDeque<LogLine>,
    ended: bool,
}

impl Merge {
    /// Creates a merge of `count` sources, each sorted by time.
    pub fn new(sources: usize) -> Self {
        Self {
            sources: (0..sources).map(|_| Source::default()).collect(),
        }
    }

    /// Returns a source whose next page is required.
    pub fn needs_page(&self) -> Option<usize> {
        self.sources
            .iter()
            .position(|source| source.lines.is_empty() && !source.ended)
    }

    /// Adds a page of a source; `last` marks its end. A page that is not the last may be empty.
    pub fn add(&mut self, source: usize, page: Vec<LogLine>, last: bool) {
        if let Some(source) = self.sources.get_mut(source) {
            source.lines.extend(page);
            source.ended |= last;
        }
    }

    /// Returns the earliest line, unless a page is required first. Ties keep the order of sources.
    /// sources.
    pub fn take(&mut self) -> Option<LogLine> {
        if self.needs_page().is_some() {
            return None;
        }
        let earliest = self
            .sources
            .iter_mut()
            .filter(|source| !source.lines.is_empty())
            .min_by_key(|source| source.lines.front().map(|line| line.at))?;
        earliest.lines.pop_front()
    }
}

/// Lines already printed. CloudWatch delivers lines late and out of order; each poll overlaps the previous one.
#[derive(Debug)]
pub struct Seen {
    /// Overlap of polls in milliseconds.
    reach: i64,
    newest: i64,
    ids: HashSet<String>,
    order: VecDeque<(i64, String)>,
}

impl Seen {
    /// Starts at `from`; later polls overlap by `reach` (both in milliseconds).
    pub fn new(from: i64, reach: i64) -> Self {
        Self {
            reach,
            newest: from,
            ids: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    /// Returns the start of the next poll.
    pub fn from(&self) -> i64 {
        if self.order.is_empty() {
            self.newest
        } else {
            self.newest - self.reach
        }
    }

    /// Returns whether the line is new.
    pub fn is_new(&mut self, line: &LogLine) -> bool {
        if !self.ids.insert(line.id.clone()) {
            return false;
        }
        self.newest = self.newest.max(line.at);
        self.order.push_back((line.at, line.id.clone()));
        true
    }

    /// Removes lines that no poll can return again.
    pub fn forget(&mut self) {
        let from = self.from();
        let ids = &mut self.ids;
        let newest = self.newest;
        self.order.retain(|(at, id)| {
            // The newest one stays as the position of the next poll.
            let keep = *at >= from || *at == newest;
            if !keep {
                ids.remove(id);
            }
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at: i64, container: &str) -> LogLine {
        LogLine {
            at,
            id: format!("{container}-{at}"),
            container: container.into(),
            task: "t".into(),
            message: String::new(),
        }
    }

    fn drain(merge: &mut Merge) -> Vec<i64> {
        std::iter::from_fn(|| merge.take()).map(|line| line.at).collect()
    }

    #[test]
    fn line_waits_for_containers_that_may_have_earlier_lines() {
        let mut merge = Merge::new(2);
        assert_eq!(merge.needs_page(), Some(0));
        merge.add(0, vec![line(1, "app"), line(5, "app")], true);
        assert_eq!(merge.needs_page(), Some(1));
        assert!(drain(&mut merge).is_empty());
        // An empty page that is not the last: CloudWatch is still searching.
        merge.add(1, Vec::new(), false);
        assert_eq!(merge.needs_page(), Some(1));
        merge.add(1, vec![line(2, "proxy")], false);
        assert_eq!(drain(&mut merge), [1, 2]);
        merge.add(1, vec![line(7, "proxy")], true);
        assert_eq!(drain(&mut merge), [5, 7]);
    }

    #[test]
    fn late_lines_are_shown_and_duplicates_dropped() {
        let mut seen = Seen::new(100, 10_000);
        assert_eq!(seen.from(), 100);
        assert!(seen.is_new(&line(20_000, "app")));
        assert_eq!(seen.from(), 10_000);
        assert!(!seen.is_new(&line(20_000, "app")));
        assert!(seen.is_new(&line(15_000, "proxy")));
        seen.forget();
        assert!(!seen.is_new(&line(15_000, "proxy")));
    }

    #[test]
    fn memory_stays_small_however_long_somebody_follows() {
        let mut seen = Seen::new(0, 10_000);
        for at in 0..100_000 {
            assert!(seen.is_new(&line(at * 100, "app")));
            seen.forget();
        }
        assert!(
            seen.ids.len() <= 102 && seen.order.len() <= 102,
            "{}",
            seen.ids.len()
        );
    }
}
