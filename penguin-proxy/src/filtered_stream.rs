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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    /// Reads until `count` bytes have come, then once more, which finds nothing.
    async fn drain(stream: &mut FilteredStream, count: usize) {
        let mut came = 0;
        while came < count {
            poll_fn(|cx| stream.poll_read(cx, usize::MAX, |bytes| came += bytes.len()))
                .await
                .unwrap();
        }
        poll_fn(|cx| {
            assert!(stream.poll_read(cx, usize::MAX, |_| ()).is_pending());
            Poll::Ready(())
        })
        .await;
    }

    #[tokio::test]
    async fn idle_connection_keeps_a_small_buffer_only() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        let mut stream = FilteredStream::new(accepted, Role::Requests, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        drain(&mut stream, 24).await;
        // A SETTINGS frame without a setting.
        let frame = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        client.write_all(&frame).await.unwrap();
        drain(&mut stream, frame.len()).await;
        assert!((1..=KEPT).contains(&stream.passed.capacity()));
        let frames = frame.repeat(1000);
        client.write_all(&frames).await.unwrap();
        drain(&mut stream, frames.len()).await;
        assert!(stream.passed.capacity() <= KEPT, "{}", stream.passed.capacity());
    }
}
