//! Response body that may be compressed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::Coding;
use super::encoders::StreamCodec;

/// Compressed output is sent on at this size, even while input keeps coming.
const FULL: usize = 16 * 1024;

/// A body as it was, compressed already, or compressed as it passes.
#[derive(Debug)]
pub struct Encoded<B> {
    kind: Kind<B>,
}

#[derive(Debug)]
enum Kind<B> {
    /// Not touched.
    Plain(B),
    /// Compressed in one go, with the trailers that came behind it.
    Whole {
        bytes: Option<Bytes>,
        trailers: Option<http::HeaderMap>,
    },
    /// Compressed as it passes. Boxed, so that bodies which are not touched stay small.
    Stream(Box<Stream<B>>),
}

/// Why a body ended too soon.
#[derive(Debug, thiserror::Error)]
pub enum EncodedError<E> {
    /// The body itself did.
    #[error(transparent)]
    Body(E),
    /// The codec failed.
    #[error("the response cannot be compressed")]
    Codec(#[source] io::Error),
}

impl<B> Encoded<B> {
    /// The body as it is.
    pub fn plain(body: B) -> Self {
        Self {
            kind: Kind::Plain(body),
        }
    }

    /// These bytes, and these trailers.
    pub(super) fn whole(bytes: Bytes, trailers: Option<http::HeaderMap>) -> Self {
        Self {
            kind: Kind::Whole {
                bytes: Some(bytes),
                trailers,
            },
        }
    }

    /// The body, compressed as it passes, behind what has come of it already.
    ///
    /// # Errors
    /// If there is no memory for the codec.
    pub(super) fn stream(body: B, coding: Coding, early: &[u8]) -> io::Result<Self> {
        let mut codec = StreamCodec::take(coding)?;
        let mut output = Vec::new();
        if !early.is_empty() {
            codec.write(early, &mut output)?;
        }
        let stream = Stream {
            body,
            codec: Some(codec),
            output,
            holding: !early.is_empty(),
            trailers: None,
        };
        Ok(Self {
            kind: Kind::Stream(Box::new(stream)),
        })
    }
}

#[derive(Debug)]
struct Stream<B> {
    body: B,
    /// Gone once the stream has ended.
    codec: Option<StreamCodec>,
    output: Vec<u8>,
    /// The codec has taken input that its reader cannot decode yet.
    holding: bool,
    trailers: Option<http::HeaderMap>,
}

type PolledFrame<E> = Poll<Option<Result<Frame<Bytes>, EncodedError<E>>>>;

impl<B> Stream<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    /// Passes on what the codec gives. Only when the body has nothing more to give for now is the codec flushed:
    /// nothing is held back, and a fast body is not cut into small pieces.
    fn poll_frame(&mut self, context: &mut Context<'_>) -> PolledFrame<B::Error> {
        while let Some(codec) = &mut self.codec {
            let ended = match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Pending => {
                    if self.holding {
                        self.holding = false;
                        codec.flush(&mut self.output).map_err(EncodedError::Codec)?;
                    }
                    return if self.output.is_empty() {
                        Poll::Pending
                    } else {
                        self.emit()
                    };
                }
                Poll::Ready(None) => true,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(EncodedError::Body(error)))),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        codec
                            .write(&data, &mut self.output)
                            .map_err(EncodedError::Codec)?;
                        self.holding |= !data.is_empty();
                        false
                    }
                    Err(frame) => {
                        self.trailers = frame.into_trailers().ok();
                        true
                    }
                },
            };
            if ended {
                codec.finish(&mut self.output).map_err(EncodedError::Codec)?;
                if let Some(codec) = self.codec.take() {
                    codec.put_back();
                }
                return self.emit();
            }
            if self.output.len() >= FULL {
                return self.emit();
            }
        }
        Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn emit(&mut self) -> PolledFrame<B::Error> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(std::mem::take(
            &mut self.output,
        ))))))
    }
}

impl<B> Drop for Stream<B> {
    fn drop(&mut self) {
        if let Some(codec) = self.codec.take() {
            codec.put_back();
        }
    }
}

impl<B> Body for Encoded<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = EncodedError<B::Error>;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.get_mut().kind {
            Kind::Plain(body) => Pin::new(body)
                .poll_frame(context)
                .map(|frame| frame.map(|frame| frame.map_err(EncodedError::Body))),
            Kind::Whole { bytes, trailers } => {
                let data = bytes.take().filter(|bytes| !bytes.is_empty()).map(Frame::data);
                let next = data.or_else(|| trailers.take().map(Frame::trailers));
                Poll::Ready(next.map(Ok))
            }
            Kind::Stream(stream) => stream.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Plain(body) => body.is_end_stream(),
            Kind::Whole { bytes, trailers } => {
                bytes.as_ref().is_none_or(Bytes::is_empty) && trailers.is_none()
            }
            Kind::Stream(stream) => stream.codec.is_none() && stream.trailers.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Plain(body) => body.size_hint(),
            Kind::Whole { bytes, .. } => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}
