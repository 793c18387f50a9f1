//! Background log writer: a bounded queue of finished lines, and a thread that writes them.
//!
//! Both logs use one. Logging never blocks: lines are dropped and counted when the queue is full. A log driver that
//! stops reading does not stop requests, health checks, drain or exit.

use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of one write: every one that succeeds shows that the reader is alive.
const PIECE: usize = 16 * 1024;
/// [`LogWriter::finish`] gives up on a reader that took nothing for this long.
const PATIENCE: Duration = Duration::from_millis(500);
/// Time before an output is tried again that takes nothing and does not block.
const PAUSE: Duration = Duration::from_millis(10);

/// Complete lines, and how many they are.
#[derive(Debug)]
struct Lines {
    bytes: Vec<u8>,
    count: u64,
}

/// The queue of one log.
#[derive(Clone, Debug)]
pub(crate) struct LogWriter {
    queue: SyncSender<Lines>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    progress: Mutex<Progress>,
    changed: Condvar,
}

/// What has become of the lines so far.
#[derive(Debug, Default)]
struct Progress {
    /// Buffers taken into the queue.
    accepted: u64,
    /// Buffers that have left it, written or not.
    done: u64,
    /// Successful writes.
    writes: u64,
    /// Lines that were not written.
    dropped: u64,
    /// Nobody reads this output any more, or there is no thread for it.
    ended: bool,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }
}

/// A second descriptor of a standard stream: nobody who holds the stream's lock can stop the writer, nor the other way
/// round.
///
/// # Errors
///
/// When the process has no descriptor left.
pub(crate) fn unlocked(stream: &impl AsFd) -> io::Result<std::fs::File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

impl LogWriter {
    /// Starts the thread. `waiting` buffers may queue up before the next one is dropped; each one that has been written
    /// is given back to `recycle`.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub(crate) fn spawn(
        name: &str,
        output: impl Write + Send + 'static,
        waiting: usize,
        recycle: impl Fn(Vec<u8>) + Send + 'static,
    ) -> io::Result<Self> {
        let (queue, lines) = mpsc::sync_channel(waiting);
        let state = Arc::<State>::default();
        let of_the_thread = Arc::clone(&state);
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || write_all(output, &lines, &of_the_thread, recycle))?;
        Ok(Self { queue, state })
    }

    /// Queues complete lines, or drops and counts them where the output cannot keep up. Returns whether they are queued.
    pub(crate) fn push(&self, bytes: Vec<u8>, count: u64) -> bool {
        // Under the lock, so that nothing is written before it counts as accepted.
        let mut progress = self.state.lock();
        let queued = self.queue.try_send(Lines { bytes, count }).is_ok();
        if queued {
            progress.accepted += 1;
        } else {
            progress.dropped += count;
        }
        queued
    }

    /// Lines that were dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.state.lock().dropped
    }

    /// Waits until everything that was accepted is written: until `deadline`, and only as long as the reader reads.
    pub(crate) fn finish(&self, deadline: Instant) {
        let mut progress = self.state.lock();
        let (mut writes, mut since) = (progress.writes, Instant::now());
        while progress.done < progress.accepted && !progress.ended {
            let left = deadline
                .min(since + PATIENCE)
                .saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.state.changed.wait_timeout(progress, left);
            progress = waited.unwrap_or_else(PoisonError::into_inner).0;
            if progress.writes != writes {
                (writes, since) = (progress.writes, Instant::now());
            }
        }
    }
}

/// Writes what comes, until nobody can send or nobody reads any more.
fn write_all(mut output: impl Write, queue: &Receiver<Lines>, state: &State, recycle: impl Fn(Vec<u8>)) {
    let mut in_a_line = false;
    while let Ok(lines) = queue.recv() {
        // A line that could not be written to its end must not swallow the next one.
        let separated = if in_a_line {
            write(&mut output, b"\n", state)
        } else {
            Ok(())
        };
        let written = separated.and_then(|()| write(&mut output, &lines.bytes, state));
        in_a_line = written.is_err();
        let ended = written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
        state.update(|progress| {
            progress.done += 1;
            progress.ended = ended;
            if in_a_line {
                progress.dropped += lines.count;
            }
        });
        if ended {
            // The proxy's work goes on without this log.
            return;
        }
        recycle(lines.bytes);
    }
}

fn write(output: &mut impl Write, mut bytes: &[u8], state: &State) -> io::Result<()> {
    while !bytes.is_empty() {
        match output.write(&bytes[..bytes.len().min(PIECE)]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => {
                bytes = &bytes[count..];
                state.update(|progress| progress.writes += 1);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Another process that shares this output made it non-blocking: its reader may only be slow.
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(error) => return Err(error),
        }
    }
    output.flush()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An output that takes one piece for each message, and the rest once the sender is gone.
    pub(crate) struct Gated {
        pub(crate) gate: Receiver<()>,
        pub(crate) taken: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _open = self.gate.recv();
            self.taken.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// An output that fails in turn with these errors, and takes what comes between and after them.
    struct Failing(Vec<Option<ErrorKind>>, Arc<Mutex<Vec<u8>>>);

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !self.0.is_empty()
                && let Some(kind) = self.0.remove(0)
            {
                return Err(kind.into());
            }
            // Half of it, as a full disk does.
            let half = bytes.len().div_ceil(2);
            self.1.lock().unwrap().extend_from_slice(&bytes[..half]);
            Ok(half)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn far() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    #[test]
    fn finish_writes_all_accepted_lines() {
        let (opener, gate) = mpsc::channel();
        let taken = Arc::default();
        let output = Gated {
            gate,
            taken: Arc::clone(&taken),
        };
        let writer = LogWriter::spawn("test", output, 3, drop).unwrap();
        let mut pushed = 0;
        // Three wait, one is being written: the queue is full whenever a line is dropped.
        while writer.dropped() == 0 {
            writer.push(format!("line {pushed}\n").into_bytes(), 1);
            pushed += 1;
        }
        let reader = thread::spawn(move || drop(opener));
        writer.finish(far());
        reader.join().unwrap();
        let taken = String::from_utf8(taken.lock().unwrap().clone()).unwrap();
        let expected: Vec<String> = (0..pushed - 1).map(|line| format!("line {line}")).collect();
        assert_eq!(taken.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn finish_gives_up_on_a_stalled_reader() {
        let (_opener, gate) = mpsc::channel();
        let taken = Arc::default();
        let writer = LogWriter::spawn("test", Gated { gate, taken }, 3, drop).unwrap();
        writer.push(b"line\n".to_vec(), 1);
        let began = Instant::now();
        writer.finish(far());
        assert!(began.elapsed() < Duration::from_secs(30));
        writer.finish(Instant::now());
    }

    #[test]
    fn write_error_loses_one_line_and_broken_pipe_ends_the_log() {
        use ErrorKind::{BrokenPipe, Interrupted, StorageFull, WouldBlock};
        let taken = Arc::default();
        let errors = vec![
            Some(WouldBlock),
            Some(Interrupted),
            None,
            Some(StorageFull),
            None,
            None,
            None,
            None,
        ];
        let writer = LogWriter::spawn("test", Failing(errors, Arc::clone(&taken)), 8, drop).unwrap();
        writer.push(b"ab\n".to_vec(), 1);
        writer.finish(far());
        writer.push(b"cd\n".to_vec(), 1);
        writer.finish(far());
        let text = String::from_utf8(taken.lock().unwrap().clone()).unwrap();
        assert_eq!((text.as_str(), writer.dropped()), ("ab\ncd\n", 1));

        let writer =
            LogWriter::spawn("test", Failing(vec![Some(BrokenPipe)], Arc::default()), 8, drop).unwrap();
        writer.push(b"ab\n".to_vec(), 2);
        writer.finish(far());
        while writer.dropped() < 3 {
            writer.push(b"cd\n".to_vec(), 1);
        }
        writer.finish(far());
    }
}
