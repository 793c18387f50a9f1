//! Terminal output and input: data on stdout, messages on stderr.
//!
//! Verbs print only through [`Console`], so that tests can record output, and color, verbosity and interactivity are
//! decided once.

mod input;
mod live;
mod options;
mod paint;
mod wrapping;

use std::fmt::{Display, Write as _};
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;
use input::Input;
pub use options::{ColorChoice, Options, Verbosity};
pub use paint::{Paint, Style};
pub use wrapping::wrapped;

use serde_json::json;

use crate::exit::{ExitStatus, Failure};

/// Terminal output and input, shared by threads and tasks by reference.
pub struct Console {
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
    input: Arc<Input>,
    /// Lines that are redrawn in place on stderr, if any; `None` in recordings.
    live: Option<Mutex<Option<ProgressBar>>>,
    /// stdin and stderr are terminals.
    interactive: bool,
    err_is_terminal: bool,
    paint_out: Paint,
    paint_err: Paint,
    verbosity: Verbosity,
    json: bool,
}

impl Console {
    /// Creates the console of the process.
    pub fn standard(options: &Options) -> Self {
        let (out_is_terminal, err_is_terminal) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self {
            out: Mutex::new(Box::new(io::stdout())),
            err: Mutex::new(Box::new(io::stderr())),
            input: Input::new(BufReader::new(io::stdin())),
            live: Some(Mutex::default()),
            interactive: io::stdin().is_terminal() && err_is_terminal,
            err_is_terminal,
            paint_out: options.color.resolve(out_is_terminal),
            paint_err: options.color.resolve(err_is_terminal),
            verbosity: options.verbosity,
            json: options.json,
        }
    }

    /// Creates a console for tests: output goes to `Recording`, input comes from `answers`.
    ///
    /// `Some(answers)` behaves like a terminal, `None` like a script.
    pub fn recording(options: &Options, answers: Option<&str>) -> (Self, Recording) {
        let recording = Recording::default();
        let console = Self {
            out: Mutex::new(Box::new(recording.out.clone())),
            err: Mutex::new(Box::new(recording.err.clone())),
            input: Input::new(io::Cursor::new(answers.unwrap_or_default().to_owned())),
            live: None,
            interactive: answers.is_some(),
            err_is_terminal: answers.is_some(),
            paint_out: options.color.resolve(false),
            paint_err: options.color.resolve(false),
            verbosity: options.verbosity,
            json: options.json,
        };
        (console, recording)
    }

    /// Returns whether `--json` is set: data is one JSON document, or one event per line.
    pub fn json(&self) -> bool {
        self.json
    }

    /// Returns the verbosity.
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Returns whether stderr is a terminal, which live tables require.
    pub fn err_is_terminal(&self) -> bool {
        self.err_is_terminal
    }

    /// Returns whether questions can be answered.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Returns the styles for stdout.
    pub fn paint_out(&self) -> Paint {
        self.paint_out
    }

    /// Returns the styles for stderr.
    pub fn paint_err(&self) -> Paint {
        self.paint_err
    }

    /// Writes data to stdout unchanged and flushes it.
    ///
    /// # Errors
    /// If stdout is closed. Pass a broken pipe on: it ends the program silently.
    pub fn data(&self, text: impl Display) -> io::Result<()> {
        self.above_live_lines(|| {
            let mut out = lock(&self.out);
            write!(out, "{text}")?;
            out.flush()
        })
    }

    /// Writes a line of data to stdout.
    ///
    /// # Errors
    /// As [`Self::data`].
    pub fn data_line(&self, text: impl Display) -> io::Result<()> {
        self.data(format_args!("{text}\n"))
    }

    /// Prints a line on stderr, unless `--quiet`.
    pub fn info(&self, line: impl Display) {
        if self.verbosity > Verbosity::Quiet {
            self.write_err(format_args!("{line}\n"));
        }
    }

    /// Prints a line on stderr if `--verbose`.
    pub fn detail(&self, line: impl Display) {
        if self.verbosity > Verbosity::Normal {
            self.write_err(format_args!(
                "{}\n",
                self.paint_err.apply(Style::Dim, &line.to_string())
            ));
        }
    }

    /// Prints a warning on stderr at any verbosity.
    pub fn warn(&self, line: impl Display) {
        self.write_err(format_args!(
            "{} {line}\n",
            self.paint_err.apply(Style::Yellow, "warning:")
        ));
    }

    /// Prints a hint on stderr at any verbosity.
    pub fn hint(&self, line: impl Display) {
        self.write_err(format_args!(
            "{} {line}\n",
            self.paint_err.apply(Style::Cyan, "hint:")
        ));
    }

    /// Prints an error: the outermost message, its causes indented below, then the hints of every [`Failure`] in it.
    /// With `--json`, also writes it to stdout as a line.
    pub fn error(&self, error: &anyhow::Error) {
        self.keep_live_lines();
        let mut text = format!("{} {error}\n", self.paint_err.apply(Style::Red, "error:"));
        let mut last = error.to_string();
        let mut causes = Vec::new();
        for cause in error.chain().skip(1) {
            let cause = cause.to_string();
            // Many error types repeat their source in their own message.
            if !last.contains(&cause) {
                text.push_str("  caused by: ");
                text.push_str(&cause.replace('\n', "\n             "));
                text.push('\n');
                causes.push(cause.clone());
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
        for hint in &hints {
            let _ = writeln!(text, "{} {hint}", self.paint_err.apply(Style::Cyan, "hint:"));
        }
        self.write_err(text);
        if self.json {
            let document = json!({
                "type": "error", "message": error.to_string(), "causes": causes, "hints": hints,
                "exitCode": ExitStatus::of(error).code(),
            });
            // If stdout is closed, the exit code remains.
            let _ = self.data_line(document);
        }
    }

    /// Writes to stderr unchanged in one piece, for prompts and output of other programs.
    pub fn write_err(&self, text: impl Display) {
        self.above_live_lines(|| {
            let mut err = lock(&self.err);
            // A closed stderr cannot be reported anywhere.
            let _ = err
                .write_all(text.to_string().as_bytes())
                .and_then(|()| err.flush());
        });
    }

    /// Asks for a line of text; an empty answer selects `default`. `None` is the end of the input (Ctrl-D).
    ///
    /// # Errors
    /// If there is no terminal.
    pub fn ask(&self, question: &str, default: Option<&str>) -> anyhow::Result<Option<String>> {
        if !self.interactive {
            return Err(no_terminal(question).into());
        }
        let shown = default.map_or_else(String::new, |default| format!(" [{default}]"));
        self.write_err(format_args!("{question}{shown}: "));
        let mut line = String::new();
        if lock(&self.input.lines).read_line(&mut line)? == 0 {
            self.write_err("\n");
            return Ok(None);
        }
        let line = line.trim();
        Ok(Some(
            if line.is_empty() {
                default.unwrap_or_default()
            } else {
                line
            }
            .to_owned(),
        ))
    }

    /// Prints `prompt` and reads a line in a separate thread. Calls `then` with the line, or with `None` at the end of
    /// the input. A later call replaces a callback that still waits.
    pub fn read_in_background(
        &self,
        prompt: &str,
        then: impl FnOnce(io::Result<Option<String>>) + Send + 'static,
    ) {
        self.write_err(prompt);
        Input::read_in_background(&self.input, Box::new(then));
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

/// Returns the error for a question that cannot be asked.
pub fn no_terminal(question: &str) -> Failure {
    Failure::failed(format!("cannot ask \"{question}\": no terminal"))
}

/// Output of a [`Console::recording`].
#[derive(Clone, Debug, Default)]
pub struct Recording {
    out: SharedBuffer,
    err: SharedBuffer,
}

impl Recording {
    /// Returns all of stdout.
    pub fn out(&self) -> String {
        self.out.text()
    }

    /// Returns all of stderr.
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

/// Locks a mutex. The streams stay usable after a panic.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
