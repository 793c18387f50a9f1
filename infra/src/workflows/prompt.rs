//! Questions: one at a time on standard input, each interruptible by Ctrl-C.
//!
//! Several stacks may ask at once: each waits for its [`Turn`]. Live output is suspended meanwhile.

use anyhow::Result;
use tokio::sync::{MutexGuard, oneshot};

use super::Context;
use super::reporter::Suspended;
use crate::console::no_terminal;

/// Response to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// Ctrl-C.
    Interrupted,
}

/// Exclusive use of the prompt. The text of the question goes to the console directly.
pub(super) struct Turn<'c> {
    context: &'c Context<'c>,
    /// Number of interrupts before the question.
    seen: u32,
    _suspended: Suspended<'c>,
    _lock: MutexGuard<'c, ()>,
}

impl Context<'_> {
    /// Asks for confirmation; `--yes` skips the question.
    ///
    /// # Errors
    /// If there is no terminal.
    pub(super) async fn consent(&self, question: &str) -> Result<Answer> {
        if self.yes {
            return Ok(Answer::Yes);
        }
        match self.turn(self.interrupts.count()).await {
            Some(turn) => turn.ask(question).await,
            None => Ok(Answer::Interrupted),
        }
    }

    /// Asks to type a name; `--yes` does not apply.
    ///
    /// # Errors
    /// If there is no terminal.
    pub(super) async fn typed(&self, question: &str, name: &str) -> Result<Answer> {
        if !self.console.is_interactive() {
            return Err(no_terminal(question)
                .hint("run this command in a terminal; `--yes` does not skip this question")
                .into());
        }
        let Some(turn) = self.turn(self.interrupts.count()).await else {
            return Ok(Answer::Interrupted);
        };
        Ok(match turn.line(&format!("{question} ")).await? {
            None => Answer::Interrupted,
            Some(typed) if typed == name => Answer::Yes,
            Some(_) => Answer::No,
        })
    }

    /// Waits for the turn; `None` after a new Ctrl-C.
    pub(super) async fn turn(&self, seen: u32) -> Option<Turn<'_>> {
        let lock = tokio::select! {
            biased;
            _ = self.interrupts.beyond(seen) => return None,
            lock = self.turn.lock() => lock,
        };
        Some(Turn {
            context: self,
            seen,
            _suspended: self.reporter.suspend(),
            _lock: lock,
        })
    }
}

impl Turn<'_> {
    /// Asks for confirmation, even with `--yes`.
    ///
    /// # Errors
    /// If there is no terminal.
    pub(super) async fn ask(&self, question: &str) -> Result<Answer> {
        if !self.context.console.is_interactive() {
            return Err(no_terminal(question)
                .hint("pass `--yes` to skip the prompt")
                .into());
        }
        loop {
            match self.line(&format!("{question} [y/N] ")).await? {
                None => return Ok(Answer::Interrupted),
                Some(typed) => match typed.to_lowercase().as_str() {
                    "y" | "yes" => return Ok(Answer::Yes),
                    "" | "n" | "no" => return Ok(Answer::No),
                    _ => self.context.console.write_err("Please answer y or n.\n"),
                },
            }
        }
    }

    /// Reads a line, or `None` for Ctrl-C. The end of the input is an empty line.
    async fn line(&self, prompt: &str) -> Result<Option<String>> {
        let (sender, receiver) = oneshot::channel();
        self.context.console.read_in_background(prompt, move |line| {
            // After Ctrl-C the receiver is gone.
            let _ = sender.send(line);
        });
        tokio::select! {
            line = receiver => Ok(Some(line.unwrap_or(Ok(None))?.unwrap_or_default())),
            _ = self.context.interrupts.beyond(self.seen) => {
                self.context.console.write_err("\n");
                Ok(None)
            }
        }
    }
}
