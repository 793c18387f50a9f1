//! Standard input: at most one reading thread; the latest question gets the line.

use std::fmt;
use std::io::{self, BufRead};
use std::sync::{Arc, Mutex};

use super::lock;

/// Callback for a line, or `None` at the end of the input.
pub(super) type Then = Box<dyn FnOnce(io::Result<Option<String>>) + Send>;

/// Standard input and the pending question.
pub(super) struct Input {
    pub(super) lines: Mutex<Box<dyn BufRead + Send>>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    then: Option<Then>,
    /// A thread is blocked in `read_line` and cannot be stopped.
    reading: bool,
}

impl Input {
    pub(super) fn new(lines: impl BufRead + Send + 'static) -> Arc<Self> {
        Arc::new(Self {
            lines: Mutex::new(Box::new(lines)),
            waiting: Mutex::default(),
        })
    }

    /// Calls `then` with the next line. Reuses a thread that an abandoned question left reading.
    pub(super) fn read_in_background(input: &Arc<Self>, then: Then) {
        let mut waiting = lock(&input.waiting);
        waiting.then = Some(then);
        if std::mem::replace(&mut waiting.reading, true) {
            return;
        }
        drop(waiting);
        let input = Arc::clone(input);
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = lock(&input.lines).read_line(&mut line);
            let then = {
                let mut waiting = lock(&input.waiting);
                waiting.reading = false;
                waiting.then.take()
            };
            if let Some(then) = then {
                then(read.map(|length| (length > 0).then(|| line.trim().to_owned())));
            }
        });
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Write as _};
    use std::sync::mpsc;

    #[test]
    fn line_goes_to_the_latest_question() {
        let (reader, mut writer) = io::pipe().unwrap();
        let input = Input::new(BufReader::new(reader));
        let (sender, lines) = mpsc::channel();
        for question in ["abandoned", "latest"] {
            let sender = sender.clone();
            Input::read_in_background(
                &input,
                Box::new(move |line| sender.send((question, line.unwrap())).unwrap()),
            );
        }
        writer.write_all(b"y\nnot read\n").unwrap();
        assert_eq!(lines.recv().unwrap(), ("latest", Some("y".to_owned())));
        assert!(lines.try_recv().is_err());
    }
}
