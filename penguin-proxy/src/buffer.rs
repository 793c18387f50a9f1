//! One buffer per thread for socket reads and short writes, so that an idle connection owns none and the bytes stay in
//! the CPU cache.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes read or gathered at once.
const CHUNK: usize = 16 * 1024;
/// Bytes read at once of what is known to be long.
const LONG: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; LONG].into_boxed_slice());
    static READS: RefCell<Reads> = RefCell::default();
}

/// Lends the thread's buffer for as long as a call lasts. The call must not ask for it again.
pub(crate) fn with_buffer<T>(call: impl FnOnce(&mut [u8]) -> T) -> T {
    BUFFER.with_borrow_mut(|buffer| call(buffer))
}

/// Reads at most `most` bytes into a lent buffer and shows them; none at the end.
pub(crate) fn fill<'b>(
    buffer: &'b mut [u8],
    stream: &mut TcpStream,
    cx: &mut Context<'_>,
    most: usize,
) -> Poll<io::Result<&'b [u8]>> {
    let room = most.min(buffer.len());
    let mut read = ReadBuf::new(&mut buffer[..room]);
    ready!(Pin::new(stream).poll_read(cx, &mut read))?;
    let count = read.filled().len();
    Poll::Ready(Ok(&buffer[..count]))
}

/// What is read for longer than a call. Pieces of a buffer are handed out; when the next read comes they have usually
/// been sent on and dropped, and the same memory serves again.
#[derive(Default)]
struct Reads {
    short: BytesMut,
    long: BytesMut,
}

/// Reads what there is, in one piece; none at the end. Where more than a short read is `wanted`, a long one.
pub(crate) fn read(stream: &mut TcpStream, cx: &mut Context<'_>, wanted: u64) -> Poll<io::Result<Bytes>> {
    READS.with_borrow_mut(|reads| {
        let (buffer, room) = if wanted > CHUNK as u64 {
            (&mut reads.long, LONG)
        } else {
            (&mut reads.short, CHUNK)
        };
        // Takes back all of it where nothing of it is held any more, and makes a new one where something is.
        buffer.reserve(room);
        ready!(pin!(stream.read_buf(buffer)).poll(cx))?;
        Poll::Ready(Ok(buffer.split().freeze()))
    })
}

/// Sends slices, the short ones gathered: one copy is cheaper than the kernel's walk over a vector.
pub(crate) fn write_gathered(
    stream: &mut TcpStream,
    cx: &mut Context<'_>,
    slices: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    if let [slice] = slices {
        return Pin::new(stream).poll_write(cx, slice);
    }
    let total: usize = slices.iter().map(|slice| slice.len()).sum();
    if total > CHUNK {
        return Pin::new(stream).poll_write_vectored(cx, slices);
    }
    with_buffer(|buffer| {
        let mut end = 0;
        for slice in slices {
            buffer[end..end + slice.len()].copy_from_slice(slice);
            end += slice.len();
        }
        Pin::new(stream).poll_write(cx, &buffer[..end])
    })
}
