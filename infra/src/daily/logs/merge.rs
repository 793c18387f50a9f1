//! Several sources in one order of time, page by page; and which lines have been shown.

use std::collections::{HashSet, VecDeque};

use super::LogLine;

/// Merges sources whose pages come at different times. A line is given out when no source can still have an earlier
/// one, so that memory holds a page of each and not the whole log.
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
    /// For so many sources, each in order of time.
    pub fn new(sources: usize) -> Self {
        Self {
            sources: (0..sources).map(|_| Source::default()).collect(),
        }
    }

    /// A source that has to be read further before the next line can be given out.
    pub fn wants(&self) -> Option<usize> {
        self.sources
            .iter()
            .position(|source| source.lines.is_empty() && !source.ended)
    }

    /// The next page of a source, and whether it was the last. A page may be empty and not be the last.
    pub fn add(&mut self, source: usize, page: Vec<LogLine>, last: bool) {
        if let Some(source) = self.sources.get_mut(source) {
            source.lines.extend(page);
            source.ended |= last;
        }
    }

    /// The earliest line, unless a source has to be read first. Lines of the same millisecond keep the order of their
    /// sources.
    pub fn take(&mut self) -> Option<LogLine> {
        if self.wants().is_some() {
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

/// Which lines were shown. CloudWatch gives out a line some seconds after it was written, later ones perhaps
/// earlier; so each look reaches back a little, and this tells what is new.
#[derive(Debug)]
pub struct Seen {
    /// Milliseconds that a look reaches back.
    reach: i64,
    newest: i64,
    ids: HashSet<String>,
    order: VecDeque<(i64, String)>,
}

impl Seen {
    /// Nothing was shown; the first look begins at `from`, later ones reach back by `reach` (both in milliseconds).
    pub fn new(from: i64, reach: i64) -> Self {
        Self {
            reach,
            newest: from,
            ids: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    /// Where the next look begins.
    pub fn from(&self) -> i64 {
        if self.order.is_empty() {
            self.newest
        } else {
            self.newest - self.reach
        }
    }

    /// True the first time that a line is given.
    pub fn is_new(&mut self, line: &LogLine) -> bool {
        if !self.ids.insert(line.id.clone()) {
            return false;
        }
        self.newest = self.newest.max(line.at);
        self.order.push_back((line.at, line.id.clone()));
        true
    }

    /// Forgets the lines that no look can reach any more.
    pub fn forget(&mut self) {
        let from = self.from();
        let ids = &mut self.ids;
        let newest = self.newest;
        self.order.retain(|(at, id)| {
            // The newest stays, so that the next look still knows that something was shown.
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
    fn a_line_waits_for_whoever_may_have_an_earlier_one() {
        let mut merge = Merge::new(2);
        assert_eq!(merge.wants(), Some(0));
        merge.add(0, vec![line(1, "app"), line(5, "app")], true);
        assert_eq!(merge.wants(), Some(1));
        assert!(drain(&mut merge).is_empty());
        // An empty page that is not the last: CloudWatch is still searching.
        merge.add(1, Vec::new(), false);
        assert_eq!(merge.wants(), Some(1));
        merge.add(1, vec![line(2, "proxy")], false);
        assert_eq!(drain(&mut merge), [1, 2]);
        merge.add(1, vec![line(7, "proxy")], true);
        assert_eq!(drain(&mut merge), [5, 7]);
    }

    #[test]
    fn what_comes_late_is_shown_and_nothing_twice() {
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
