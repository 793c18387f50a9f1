//! Everything that `infra` says: data on stdout, talk on stderr.
//!
//! Verbs get a [`Console`] and never print on their own, so that tests read what was said and colour, quietness and
//! the question whether a person is there are decided once. It knows nothing of stacks or services.

mod options;
mod paint;
mod wrapping;

use std::fmt::{Display, Write as _};
use std::io::{self, BufRead, BufReader, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use options::{ColorChoice, Options, Verbosity};
pub use paint::{Paint, Style};
pub use wrapping::wrapped;

use crate::exit::Failure;

/// The printer and the ears of the tool. Shared by threads and tasks by reference.
pub struct Console {
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
    input: Arc<Mutex<Box<dyn BufRead + Send>>>,
    /// Somebody sits there and can answer a question: stdin and stderr are terminals.
    interactive: bool,
    err_is_terminal: bool,
    paint_out: Paint,
    paint_err: Paint,
    verbosity: Verbosity,
    json: bool,
}

impl Console {
    /// The console of the process.
    pub fn standard(options: &Options) -> Self {
        let (out_is_terminal, err_is_terminal) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self {
            out: Mutex::new(Box::new(io::stdout())),
            err: Mutex::new(Box::new(io::stderr())),
            input: Arc::new(Mutex::new(Box::new(BufReader::new(io::stdin())))),
            interactive: io::stdin().is_terminal() && err_is_terminal,
            err_is_terminal,
            paint_out: options.color.resolve(out_is_terminal),
            paint_err: options.color.resolve(err_is_terminal),
            verbosity: options.verbosity,
            json: options.json,
        }
    }

    /// A console that a test owns: it says nothing to anybody but `Recording`, and hears the lines of `answers`.
    ///
    /// With `Some(answers)` it behaves like a terminal with a person in front of it, with `None` like a script.
    pub fn recording(options: &Options, answers: Option<&str>) -> (Self, Recording) {
        let recording = Recording::default();
        let console = Self {
            out: Mutex::new(Box::new(recording.out.clone())),
            err: Mutex::new(Box::new(recording.err.clone())),
            input: Arc::new(Mutex::new(Box::new(io::Cursor::new(
                answers.unwrap_or_default().to_owned(),
            )))),
            interactive: answers.is_some(),
            err_is_terminal: answers.is_some(),
            paint_out: options.color.resolve(false),
            paint_err: options.color.resolve(false),
            verbosity: options.verbosity,
            json: options.json,
        };
        (console, recording)
    }

    /// `--json` was given: data is one JSON document or one event a line, for programs.
    pub fn json(&self) -> bool {
        self.json
    }

    /// How much talk is wanted.
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// stderr is a terminal, so that a live table can be redrawn on it.
    pub fn err_is_terminal(&self) -> bool {
        self.err_is_terminal
    }

    /// Somebody can answer a question.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Colours for text that goes to stdout.
    pub fn paint_out(&self) -> Paint {
        self.paint_out
    }

    /// Colours for text that goes to stderr.
    pub fn paint_err(&self) -> Paint {
        self.paint_err
    }

    /// Writes data to stdout as it is, at once.
    ///
    /// # Errors
    /// When stdout is gone; a closed pipe ends the program silently if the error is passed on.
    pub fn data(&self, text: impl Display) -> io::Result<()> {
        let mut out = lock(&self.out);
        write!(out, "{text}")?;
        out.flush()
    }

    /// Writes a line of data to stdout.
    ///
    /// # Errors
    /// As [`Self::data`].
    pub fn data_line(&self, text: impl Display) -> io::Result<()> {
        self.data(format_args!("{text}\n"))
    }

    /// Says a line on stderr, unless `--quiet`.
    pub fn say(&self, line: impl Display) {
        if self.verbosity > Verbosity::Quiet {
            self.write_err(format_args!("{line}\n"));
        }
    }

    /// Says a line on stderr if `--verbose`.
    pub fn detail(&self, line: impl Display) {
        if self.verbosity > Verbosity::Normal {
            self.write_err(format_args!(
                "{}\n",
                self.paint_err.apply(Style::Dim, &line.to_string())
            ));
        }
    }

    /// Warns on stderr, whatever the verbosity: what is wrong and does not stop us.
    pub fn warn(&self, line: impl Display) {
        self.write_err(format_args!(
            "{} {line}\n",
            self.paint_err.apply(Style::Yellow, "warning:")
        ));
    }

    /// Names a remedy on stderr, whatever the verbosity.
    pub fn hint(&self, line: impl Display) {
        self.write_err(format_args!(
            "{} {line}\n",
            self.paint_err.apply(Style::Cyan, "hint:")
        ));
    }

    /// Prints an error: the outermost message, its causes indented below, then the hints of every [`Failure`] in it.
    pub fn error(&self, error: &anyhow::Error) {
        let mut text = format!("{} {error}\n", self.paint_err.apply(Style::Red, "error:"));
        let mut last = error.to_string();
        for cause in error.chain().skip(1) {
            let cause = cause.to_string();
            // Many error types repeat their source in their own message.
            if !last.contains(&cause) {
                text.push_str("  because: ");
                text.push_str(&cause.replace('\n', "\n           "));
                text.push('\n');
            }
            last = cause;
        }
        let hints: Vec<_> = error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<Failure>())
            .flat_map(Failure::hints)
            .collect();
        if !hints.is_empty() {
            text.push('\n');
        }
        for hint in hints {
            let _ = writeln!(text, "{} {hint}", self.paint_err.apply(Style::Cyan, "hint:"));
        }
        self.write_err(text);
    }

    /// Writes to stderr as it is, at once and in one piece: for live tables and for lines of other programs.
    pub fn write_err(&self, text: impl Display) {
        let mut err = lock(&self.err);
        // Nobody is left to tell when stderr is gone.
        let _ = err
            .write_all(text.to_string().as_bytes())
            .and_then(|()| err.flush());
    }

    /// Asks a yes-or-no question; no answer means no. Without a person to ask, an error names `--yes`.
    ///
    /// # Errors
    /// When nobody can answer.
    pub fn confirm(&self, question: &str) -> anyhow::Result<bool> {
        if !self.interactive {
            let failure = Failure::failed(format!("cannot ask \"{question}\" without a terminal"));
            return Err(failure.hint("`--yes` answers it beforehand").into());
        }
        loop {
            match self
                .read_answer(&format!("{question} [y/N] "))?
                .map(|answer| answer.to_lowercase())
                .as_deref()
            {
                Some("y" | "yes") => return Ok(true),
                None | Some("" | "n" | "no") => return Ok(false),
                Some(_) => self.write_err("Please answer y or n.\n"),
            }
        }
    }

    /// Asks for a line of text; an empty answer takes `default`. `None` is the end of the input (Ctrl-D).
    ///
    /// # Errors
    /// When nobody can answer.
    pub fn ask(&self, question: &str, default: Option<&str>) -> anyhow::Result<Option<String>> {
        if !self.interactive {
            return Err(Failure::failed(format!("cannot ask \"{question}\" without a terminal")).into());
        }
        let shown = default.map_or_else(String::new, |default| format!(" [{default}]"));
        let answer = self.read_answer(&format!("{question}{shown}: "))?;
        Ok(answer.map(|answer| {
            if answer.is_empty() {
                default.unwrap_or_default().to_owned()
            } else {
                answer
            }
        }))
    }

    /// Shows `prompt` and reads a line in a thread of its own, for those who wait for something else too. `then` gets
    /// the line, or `None` at the end of the input.
    pub fn read_in_background(
        &self,
        prompt: &str,
        then: impl FnOnce(io::Result<Option<String>>) + Send + 'static,
    ) {
        self.write_err(prompt);
        let input = Arc::clone(&self.input);
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = lock(&input).read_line(&mut line);
            then(read.map(|length| (length > 0).then(|| line.trim().to_owned())));
        });
    }

    fn read_answer(&self, prompt: &str) -> io::Result<Option<String>> {
        self.write_err(prompt);
        let mut line = String::new();
        if lock(&self.input).read_line(&mut line)? == 0 {
            self.write_err("\n");
            return Ok(None);
        }
        Ok(Some(line.trim().to_owned()))
    }
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console")
            .field("verbosity", &self.verbosity)
            .field("json", &self.json)
            .finish_non_exhaustive()
    }
}

/// What a [`Console::recording`] has said so far.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    out: SharedBuffer,
    err: SharedBuffer,
}

impl Recording {
    /// All of stdout.
    pub fn out(&self) -> String {
        self.out.text()
    }

    /// All of stderr.
    pub fn err(&self) -> String {
        self.err.text()
    }
}

#[derive(Clone, Debug, Default)]
struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl SharedBuffer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.0)).into_owned()
    }
}

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A thread that panicked while it printed has left nothing half-done that matters to the next line.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
