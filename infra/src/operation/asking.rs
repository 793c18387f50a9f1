//! Questions that Ctrl-C may interrupt.
//!
//! Reading a line blocks its thread, and nothing ends that but a line. So a thread of its own reads, and is left
//! behind if the person gives another sign.

use anyhow::Result;
use tokio::sync::oneshot;

use super::Context;
use crate::exit::Failure;

/// An answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// Ctrl-C instead of an answer.
    Interrupted,
}

impl Context<'_> {
    /// Asks; `--yes` answers beforehand.
    ///
    /// # Errors
    /// Nobody can answer.
    pub(super) async fn consent(&self, question: &str) -> Result<Answer> {
        if self.yes {
            return Ok(Answer::Yes);
        }
        self.must_be_answerable(question)?;
        loop {
            match self.line(&format!("{question} [y/N] ")).await? {
                None => return Ok(Answer::Interrupted),
                Some(answer) => match answer.to_lowercase().as_str() {
                    "y" | "yes" => return Ok(Answer::Yes),
                    "" | "n" | "no" => return Ok(Answer::No),
                    _ => self.console.write_err("Please answer y or n.\n"),
                },
            }
        }
    }

    /// Asks for a name to be typed; `--yes` does not answer this.
    ///
    /// # Errors
    /// Nobody can answer.
    pub(super) async fn typed(&self, question: &str, name: &str) -> Result<Answer> {
        if !self.console.is_interactive() {
            return Err(
                Failure::failed(format!("cannot ask \"{question}\" without a terminal"))
                    .hint("run it in a terminal: this question wants a person")
                    .into(),
            );
        }
        Ok(match self.line(&format!("{question} ")).await? {
            None => Answer::Interrupted,
            Some(answer) if answer == name => Answer::Yes,
            Some(_) => Answer::No,
        })
    }

    fn must_be_answerable(&self, question: &str) -> Result<()> {
        if self.console.is_interactive() {
            return Ok(());
        }
        Err(
            Failure::failed(format!("cannot ask \"{question}\" without a terminal"))
                .hint("`--yes` answers it beforehand")
                .into(),
        )
    }

    /// A line of the person's, or `None` for Ctrl-C. The end of the input is an empty line.
    async fn line(&self, prompt: &str) -> Result<Option<String>> {
        let (sender, receiver) = oneshot::channel();
        let seen = self.interrupts.count();
        self.console.read_in_background(prompt, move |line| {
            // Nobody waits for it any more after Ctrl-C.
            let _ = sender.send(line);
        });
        tokio::select! {
            line = receiver => Ok(Some(line.unwrap_or(Ok(None))?.unwrap_or_default())),
            _ = self.interrupts.beyond(seen) => {
                self.console.write_err("\n");
                Ok(None)
            }
        }
    }
}
