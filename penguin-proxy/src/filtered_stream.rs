//! TCP stream whose HTTP/2 frames pass through the [`crate::http2_filter`], both ways.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use crate::buffer::{fill, with_buffer, write_gathered};
use crate::http2_filter::{ConnectionError, Filter, Role};

/// A buffer of at most this size is kept while nothing comes.
const KEPT: usize = 1024;

/// The stream, and what the filter has let pass of what came.
#[derive(Debug)]
pub(crate) struct FilteredStream {
    stream: TcpStream,
    filter: Filter,
    passed: Vec<u8>,
    /// Bytes of it that have been taken.
    taken: usize,
    failed: Option<ConnectionError>,
}

impl FilteredStream {
    /// Over a stream of which `early` was read already.
    pub(crate) fn new(stream: TcpStream, role: Role, early: &[u8]) -> Self {
        let mut filtered = Self {
            stream,
            filter: Filter::new(role),
            passed: Vec::new(),
            taken: 0,
            failed: None,
        };
        filtered.failed = filtered.filter.received(early, &mut filtered.passed).err();
        filtered
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    pub(crate) fn filter(&mut self) -> &mut Filter {
        &mut self.filter
    }

    /// Why the connection has to end.
    pub(crate) fn failed(&self) -> Option<ConnectionError> {
        self.failed
    }

    /// Reads until something has passed the filter, and hands over at most `most` bytes of it; none at the end.
    ///
    /// # Errors
    /// Those of the stream, and `InvalidData` once the other side has broken a rule that ends the connection.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        most: usize,
        take: impl FnOnce(&[u8]),
    ) -> Poll<io::Result<()>> {
        while self.taken == self.passed.len() {
            if let Some(error) = self.failed {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
            }
            self.taken = 0;
            self.passed.clear();
            if self.passed.capacity() > KEPT {
                self.passed = Vec::new();
            }
            let Self {
                stream,
                filter,
                passed,
                failed,
                ..
            } = self;
            let ended = with_buffer(|buffer| {
                let bytes = ready!(fill(buffer, stream, cx, usize::MAX))?;
                *failed = filter.received(bytes, passed).err();
                Poll::Ready(io::Result::Ok(bytes.is_empty()))
            });
            if ready!(ended)? {
                return Poll::Ready(Ok(()));
            }
        }
        let end = self.passed.len().min(self.taken.saturating_add(most));
        take(&self.passed[self.taken..end]);
        self.taken = end;
        Poll::Ready(Ok(()))
    }

    /// Writes.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.filter.sent(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    /// Writes from several slices.
    pub(crate) fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(write_gathered(&mut self.stream, cx, slices))?;
        let mut left = count;
        for slice in slices {
            let sent = left.min(slice.len());
            self.filter.sent(&slice[..sent]);
            left -= sent;
        }
        Poll::Ready(Ok(count))
    }
}
