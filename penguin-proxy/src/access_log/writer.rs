//! From the serving threads' buffers to the output, without ever making them wait.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::Line;
use super::json::Clock;
use crate::telemetry::LogFormat;

/// A buffer of this size goes to the writer at once; the sweep sends smaller ones.
const FULL: usize = 64 * 1024;
/// What a buffer holds without growing: a full one, and the line that filled it.
const ROOM: usize = FULL + 4 * 1024;
/// Buffers that may wait for a slow output before the next is dropped.
const WAITING: usize = 16;
/// Written buffers that are kept; after a burst the others go.
const KEPT: usize = 4;
/// How long the end waits for the output.
const PATIENCE: Duration = Duration::from_secs(1);

enum Message {
    Lines(Vec<u8>),
    Finish,
}

/// The output of the access log and the thread that feeds it.
#[derive(Debug)]
pub struct AccessLog {
    queue: SyncSender<Message>,
    spare: Spare,
    json: bool,
    dropped: Arc<AtomicU64>,
    finished: Mutex<mpsc::Receiver<()>>,
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

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lines(bytes) => write!(f, "Lines({} bytes)", bytes.len()),
            Self::Finish => f.write_str("Finish"),
        }
    }
}

impl AccessLog {
    /// Lines go to standard output.
    pub fn to_stdout(format: LogFormat) -> Self {
        let output = io::stdout();
        let json = format.is_json(&output);
        Self::new(output, json)
    }

    /// Lines go to any output, as JSON or as text.
    pub fn new(mut output: impl Write + Send + 'static, json: bool) -> Self {
        let (queue, messages) = mpsc::sync_channel(WAITING);
        let (done, finished) = mpsc::channel();
        let spare = Spare::default();
        let written = spare.clone();
        let writing = move || {
            while let Ok(Message::Lines(lines)) = messages.recv() {
                if output.write_all(&lines).and_then(|()| output.flush()).is_err() {
                    // Nobody reads any more. The proxy's work goes on without a log.
                    break;
                }
                written.put(lines);
            }
            drop(done);
        };
        if let Err(error) = thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(writing)
        {
            tracing::error!("no access log, the system refuses a thread: {error}");
        }
        Self {
            queue,
            spare,
            json,
            dropped: Arc::default(),
            finished: Mutex::new(finished),
        }
    }

    /// A buffer for one serving thread.
    pub(crate) fn lines(&self) -> Lines {
        Lines {
            buffer: self.spare.take(),
            count: 0,
            clock: Clock::default(),
            queue: self.queue.clone(),
            spare: self.spare.clone(),
            json: self.json,
            dropped: Arc::clone(&self.dropped),
        }
    }

    /// Lines that could not be written.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits, not for ever, until everything handed over so far is written.
    pub(crate) fn finish(&self) {
        if self.queue.try_send(Message::Finish).is_ok() {
            let finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
            debug_assert!(matches!(
                finished.recv_timeout(PATIENCE),
                Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout)
            ));
        }
    }
}

/// One serving thread's lines on their way to the writer.
#[derive(Debug)]
pub(crate) struct Lines {
    buffer: Vec<u8>,
    count: u64,
    clock: Clock,
    queue: SyncSender<Message>,
    spare: Spare,
    json: bool,
    dropped: Arc<AtomicU64>,
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
        match self.queue.try_send(Message::Lines(lines)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.dropped.fetch_add(self.count, Ordering::Relaxed);
            }
        }
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An output that takes nothing until it is dropped.
    struct Stuck(mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _released = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_written_buffer_serves_again() {
        let log = AccessLog::new(io::sink(), true);
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
    fn a_stuck_output_costs_lines_and_no_time() {
        let (release, stuck) = mpsc::channel();
        let log = AccessLog::new(Stuck(stuck), true);
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
