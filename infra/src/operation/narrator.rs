//! Tells the person, the log file or the program what happens: one event, three ways to say it.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::console::{Console, Verbosity};
use crate::deploy::progress::Progress;
use crate::deploy::report::Event;
use crate::deploy::rollout::Evidence;
use crate::deploy::table::{self, Row};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Display {
    /// A table that is redrawn in place: for a terminal.
    Live,
    /// A line for each event: for files and pipes.
    Lines,
    /// A line of JSON for each event, on stdout: for programs.
    Json,
}

impl Display {
    /// What fits the console.
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

/// The one who tells.
#[derive(Debug)]
pub struct Narrator<'a> {
    console: &'a Console,
    display: Display,
    began: SystemTime,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    stacks: Vec<(Progress, Evidence)>,
    drawn: usize,
}

impl<'a> Narrator<'a> {
    /// Begins to tell; the clock starts now.
    pub fn new(console: &'a Console, display: Display) -> Self {
        Self {
            console,
            display,
            began: SystemTime::now(),
            table: Mutex::default(),
        }
    }

    /// Tells an event.
    pub fn tell(&self, event: &Event) {
        let now = SystemTime::now();
        match self.display {
            Display::Json => self.json(event, now),
            Display::Lines => {
                if let Some(line) = event.line(now.duration_since(self.began).unwrap_or_default()) {
                    self.console.say(line);
                }
            }
            // The table shows the rest.
            Display::Live => {
                if let Event::Notice { message } = event {
                    self.above_table(message);
                }
            }
        }
    }

    /// Says something in words.
    pub fn say(&self, message: impl Into<String>) {
        self.tell(&Event::Notice {
            message: message.into(),
        });
    }

    /// Shows how far a stack is.
    pub fn show(&self, progress: &Progress, evidence: &Evidence) {
        if self.display != Display::Live {
            return;
        }
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        match table
            .stacks
            .iter_mut()
            .find(|(known, _)| known.stack == progress.stack)
        {
            Some(entry) => *entry = (progress.clone(), evidence.clone()),
            None => table.stacks.push((progress.clone(), evidence.clone())),
        }
        self.redraw(&mut table, "");
    }

    /// Draws the table again, for the clocks in it.
    pub fn tick(&self) {
        if self.display == Display::Live {
            let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
            if table.drawn > 0 {
                self.redraw(&mut table, "");
            }
        }
    }

    /// Leaves the table as it stands; what is said from now on stands below it.
    pub fn settle(&self) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        *table = Table::default();
    }

    fn above_table(&self, message: &str) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.drawn == 0 {
            self.console.say(message);
        } else {
            self.redraw(&mut table, &format!("{message}\n"));
        }
    }

    /// Overwrites the table that stands there, in one write so that it does not flicker.
    fn redraw(&self, table: &mut Table, above: &str) {
        let rows: Vec<_> = table
            .stacks
            .iter()
            .map(|(progress, evidence)| Row { progress, evidence })
            .collect();
        let lines = table::draw(&rows, SystemTime::now(), self.console.paint_err());
        let mut text = String::new();
        if table.drawn > 0 {
            // Back to the table's first line, then everything below it away.
            let _ = write!(text, "\x1b[{}A\x1b[J", table.drawn);
        }
        text.push_str(above);
        for line in &lines {
            text.push_str(line);
            text.push('\n');
        }
        self.console.write_err(text);
        table.drawn = lines.len();
    }

    fn json(&self, event: &Event, at: SystemTime) {
        // A reader that went away is noticed by the next thing that matters; the deployment goes on.
        let _ = self.console.data_line(event.json(at));
    }
}
