//! A socket that notices what its connection is doing, and loses patience.
//!
//! hyper's own limit on reading a head counts the idle time before it too, so that one number would have to be
//! short for the one and long for the other. Here the time of a head begins with its first byte.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::limits::Limits;
use super::phase::{Phase, SharedPhase};

/// A connection's socket.
#[derive(Debug)]
pub(super) struct Watched {
    stream: TcpStream,
    phase: SharedPhase,
    limits: Limits,
    timer: Pin<Box<Sleep>>,
    stalled: bool,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, phase: SharedPhase, limits: Limits) -> Self {
        Self {
            stream,
            phase,
            limits,
            timer: Box::pin(tokio::time::sleep(limits.head)),
            stalled: false,
        }
    }

    fn restart_timer(&mut self, timeout: Duration) {
        self.timer.as_mut().reset(Instant::now() + timeout);
    }

    /// Notes whether a write got anywhere; none that gets nowhere may take for ever.
    fn mind_stall<T>(
        &mut self,
        context: &mut Context<'_>,
        progress: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if progress.is_ready() {
            self.stalled = false;
            return progress;
        }
        if !self.stalled {
            self.stalled = true;
            let timeout = self.limits.stall;
            self.restart_timer(timeout);
        }
        ready!(self.timer.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        match self.phase.get() {
            Phase::Fresh | Phase::Idle if buffer.filled().len() > before => {
                self.phase.set(Phase::Arriving);
                let timeout = self.limits.head;
                self.restart_timer(timeout);
            }
            Phase::Arriving if read.is_pending() => {
                ready!(self.timer.as_mut().poll(context));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            _ => {}
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, buffer);
        self.mind_stall(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.mind_stall(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes when it has handed over everything, and only then.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() && self.phase.get() == Phase::Leaving {
            self.phase.set(Phase::Idle);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
