//! Reports events as a live table, text lines or JSON lines.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::console::{Console, Verbosity};
use crate::deployment::progress::Progress;
use crate::deployment::rollout::Evidence;
use crate::report::event::Event;
use crate::report::progress_table::{self, Row};

/// Output format of progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Display {
    /// A table redrawn in place, for terminals.
    Live,
    /// One line per event, for files and pipes.
    Lines,
    /// One JSON line per event on stdout, for programs.
    Json,
}

impl Display {
    /// Returns the format for the console.
    pub fn of(console: &Console) -> Self {
        if console.json() {
            Self::Json
        } else if console.err_is_terminal() && console.verbosity() == Verbosity::Normal {
            Self::Live
        } else {
            Self::Lines
        }
    }
}

/// Prints events.
#[derive(Debug)]
pub struct Reporter<'a> {
    console: &'a Console,
    display: Display,
    began: SystemTime,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    stacks: Vec<(Progress, Evidence)>,
    /// A question is on the screen: output is queued.
    suspended: bool,
    /// Queued output.
    held_back: Vec<String>,
}

/// Suspends live output until dropped.
#[derive(Debug)]
pub(super) struct Suspended<'n>(&'n Reporter<'n>);

impl Drop for Suspended<'_> {
    fn drop(&mut self) {
        self.0.resume();
    }
}

impl<'a> Reporter<'a> {
    /// Creates a reporter and starts its clock.
    pub fn new(console: &'a Console, display: Display) -> Self {
        Self {
            console,
            display,
            began: SystemTime::now(),
            table: Mutex::default(),
        }
    }

    /// Reports an event.
    pub fn report(&self, event: &Event) {
        let now = SystemTime::now();
        let line = match self.display {
            Display::Json => {
                // A closed stdout is noticed later; the deployment continues.
                let _ = self.console.data_line(event.json(now));
                None
            }
            Display::Lines => event.line(now.duration_since(self.began).unwrap_or_default()),
            Display::Live => match event {
                Event::Notice { message } => Some(message.clone()),
                // The table shows the others.
                _ => None,
            },
        };
        let mut table = self.table();
        match line {
            Some(line) if table.suspended => table.held_back.push(line),
            Some(line) => self.console.info(line),
            None => {}
        }
    }

    /// Prints a message.
    pub fn info(&self, message: impl Into<String>) {
        self.report(&Event::Notice {
            message: message.into(),
        });
    }

    /// Suspends everything except data while a question is on the screen.
    pub(super) fn suspend(&self) -> Suspended<'_> {
        self.table().suspended = true;
        self.console.erase_live_lines();
        Suspended(self)
    }

    fn resume(&self) {
        let mut table = self.table();
        table.suspended = false;
        for line in std::mem::take(&mut table.held_back) {
            self.console.info(line);
        }
        self.redraw(&table);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Updates the progress of a stack.
    pub fn show(&self, progress: &Progress, evidence: &Evidence) {
        let mut table = self.table();
        let known = |(known, _): &&mut (Progress, Evidence)| known.stack == progress.stack;
        match table.stacks.iter_mut().find(known) {
            Some(entry) => *entry = (progress.clone(), evidence.clone()),
            None => table.stacks.push((progress.clone(), evidence.clone())),
        }
        self.redraw(&table);
    }

    /// Redraws the table to update its clocks.
    pub fn tick(&self) {
        self.redraw(&self.table());
    }

    /// Ends the table; later output follows below it.
    pub fn end_table(&self) {
        self.table().stacks.clear();
        self.console.keep_live_lines();
    }

    fn redraw(&self, table: &Table) {
        if self.display != Display::Live || table.suspended || table.stacks.is_empty() {
            return;
        }
        let rows: Vec<_> = table
            .stacks
            .iter()
            .map(|(progress, evidence)| Row { progress, evidence })
            .collect();
        let lines = progress_table::draw(&rows, SystemTime::now(), self.console.paint_err());
        self.console.draw_live_lines(&lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Options;

    #[test]
    fn live_output_is_suspended_during_a_question() {
        let (console, recording) = Console::recording(&Options::default(), Some(""));
        let reporter = Reporter::new(&console, Display::Live);
        let progress = Progress::new("DevCluster", SystemTime::now(), None);
        reporter.show(&progress, &Evidence::default());
        let suspended = reporter.suspend();
        console.write_err("Delete ProdCluster? [y/N] ");
        let asked = recording.err();
        reporter.show(&progress, &Evidence::default());
        reporter.tick();
        reporter.info("DevCluster: news");
        assert_eq!(recording.err(), asked);
        drop(suspended);
        let after = recording.err();
        let new = after.strip_prefix(asked.as_str()).unwrap();
        assert!(new.starts_with("DevCluster: news\n"), "{new:?}");
        // The table is drawn below the question.
        assert!(new.contains("DevCluster") && !new.contains("\x1b["), "{new:?}");
    }

    #[test]
    fn each_stack_has_one_row() {
        let (console, _recording) = Console::recording(&Options::default(), Some(""));
        let reporter = Reporter::new(&console, Display::Live);
        for name in ["DevCluster", "ProdCluster", "DevCluster", "ProdCluster"] {
            reporter.show(
                &Progress::new(name, SystemTime::now(), None),
                &Evidence::default(),
            );
        }
        let table = reporter.table();
        let rows: Vec<_> = table
            .stacks
            .iter()
            .map(|(progress, _)| progress.stack.as_str())
            .collect();
        assert_eq!(rows, ["DevCluster", "ProdCluster"]);
    }
}
