//! Buffers of log lines and the thread that writes them; serving threads never wait.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::Line;
use super::json::Clock;
use crate::log_writer::{self, LogWriter};
use crate::telemetry::LogFormat;

/// A buffer of this size goes to the writer at once; the sweep sends smaller ones.
const FULL: usize = 64 * 1024;
/// What a buffer holds without growing: a full one, and the line that filled it.
const ROOM: usize = FULL + 8 * 1024;
/// Buffers that may wait for a slow output before the next is dropped.
const WAITING: usize = 16;
/// Written buffers that are kept; after a burst the others go.
const KEPT: usize = 4;

/// The output of the access log and the thread that feeds it.
#[derive(Debug)]
pub struct AccessLog {
    writer: LogWriter,
    spare: Spare,
    json: bool,
}

/// Buffers that have been written and serve again. A new one each time would cost the kernel a page for every few lines.
#[derive(Clone, Debug, Default)]
struct Spare(Arc<Mutex<Vec<Vec<u8>>>>);

impl Spare {
    fn take(&self) -> Vec<u8> {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spare.pop().unwrap_or_else(|| Vec::with_capacity(ROOM))
    }

    fn put(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < KEPT {
            spare.push(buffer);
        }
    }
}

impl AccessLog {
    /// Lines go to standard output.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread or a descriptor.
    pub fn to_stdout(format: LogFormat) -> io::Result<Self> {
        let output = io::stdout();
        Self::new(log_writer::unlocked(&output)?, format.is_json(&output))
    }

    /// Lines go to any output, as JSON or as text.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub fn new(output: impl Write + Send + 'static, json: bool) -> io::Result<Self> {
        let spare = Spare::default();
        let written = spare.clone();
        let recycle = move |buffer| written.put(buffer);
        Ok(Self {
            writer: LogWriter::spawn("access-log", output, WAITING, recycle)?,
            spare,
            json,
        })
    }

    /// A buffer for one serving thread.
    pub(crate) fn lines(&self) -> Lines {
        Lines {
            buffer: self.spare.take(),
            count: 0,
            clock: Clock::default(),
            writer: self.writer.clone(),
            spare: self.spare.clone(),
            json: self.json,
        }
    }

    /// Queues a line that is not about a request. Returns whether there was room for it.
    pub(crate) fn push(&self, line: &str) -> bool {
        let mut buffer = self.spare.take();
        buffer.extend_from_slice(line.as_bytes());
        self.writer.push(buffer, 1)
    }

    /// Lines that could not be written.
    pub(crate) fn dropped(&self) -> u64 {
        self.writer.dropped()
    }

    /// Waits until everything handed over so far is written: until `deadline`, and only as long as somebody reads.
    pub(crate) fn finish(&self, deadline: Instant) {
        self.writer.finish(deadline);
    }
}

/// One serving thread's lines on their way to the writer.
#[derive(Debug)]
pub(crate) struct Lines {
    buffer: Vec<u8>,
    count: u64,
    clock: Clock,
    writer: LogWriter,
    spare: Spare,
    json: bool,
}

impl Lines {
    /// Adds a line.
    pub(crate) fn push(&mut self, line: &Line<'_>) {
        if self.json {
            line.json(&mut self.buffer, &mut self.clock);
        } else {
            line.text(&mut self.buffer);
        }
        self.count += 1;
        if self.buffer.len() >= FULL {
            self.flush();
        }
    }

    /// Hands the lines to the writer, or drops them where it cannot keep up.
    pub(crate) fn flush(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        let lines = std::mem::replace(&mut self.buffer, self.spare.take());
        self.writer.push(lines, self.count);
        self.count = 0;
    }
}

impl Drop for Lines {
    /// A thread that ends with a panic leaves its lines all the same.
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;
    use crate::log_writer::tests::Gated;

    #[test]
    fn written_buffers_are_reused() {
        let log = AccessLog::new(io::sink(), true).unwrap();
        let mut lines = log.lines();
        let flush = |lines: &mut Lines| {
            let used = lines.buffer.as_ptr();
            lines.buffer.extend_from_slice(b"line\n");
            lines.flush();
            used
        };
        let first = flush(&mut lines);
        while log.spare.0.lock().unwrap().is_empty() {
            thread::yield_now();
        }
        flush(&mut lines);
        assert_eq!(lines.buffer.as_ptr(), first);
        assert!(lines.buffer.is_empty());
    }

    #[test]
    fn stalled_output_drops_lines_without_blocking() {
        let (release, gate) = mpsc::channel();
        let taken = Arc::default();
        let log = AccessLog::new(Gated { gate, taken }, true).unwrap();
        let mut lines = log.lines();
        for _ in 0..WAITING + 10 {
            lines.buffer.extend_from_slice(b"line\n");
            lines.count = 1;
            lines.flush();
        }
        assert!(log.dropped() >= 9, "{} dropped", log.dropped());
        drop(release);
    }
}
