//! Live lines: text at the bottom of the terminal that is redrawn in place, by indicatif.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Console, lock};

impl Console {
    /// Draws `lines` on stderr in place of those of the last call. Recordings keep the lines of every call.
    pub fn draw_live_lines(&self, lines: &[String]) {
        let text = lines.join("\n");
        match &self.live {
            Some(live) => lock(live).get_or_insert_with(new_bar).set_message(text),
            None => self.write_err(text + "\n"),
        }
    }

    /// Erases the live lines.
    pub fn erase_live_lines(&self) {
        if let Some(bar) = self.live.as_ref().and_then(|live| lock(live).take()) {
            bar.finish_and_clear();
        }
    }

    /// Ends the live lines: they stay where they are, and later output follows below them.
    pub fn keep_live_lines(&self) {
        if let Some(bar) = self.live.as_ref().and_then(|live| lock(live).take()) {
            let text = bar.message();
            bar.finish_and_clear();
            self.write_err(text + "\n");
        }
    }

    /// Runs `write`, whose output appears above the live lines.
    pub(super) fn above_live_lines<T>(&self, write: impl FnOnce() -> T) -> T {
        match self.live.as_ref().map(lock).as_deref() {
            Some(Some(bar)) => bar.suspend(write),
            _ => write(),
        }
    }
}

pub(super) fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
