//! zstd and gzip encoders, one set per thread. Their state is reused, because creating it costs more than compressing a
//! page.

use std::cell::RefCell;
use std::io;

use flate2::{Compress, FlushCompress};
use zstd::stream::raw::{CParameter, Encoder, InBuffer, Operation as _, OutBuffer};

use super::Coding;

/// Of a page of 7.5 KB, levels 1 to 3 cost nearly the same, and 3 is the smallest; 4 costs half as much again.
const ZSTD_LEVEL: i32 = 3;
/// Bodies of at most so many bytes are short.
const ZSTD_SHORT: usize = 16 * 1024;
/// They are looked up in tables of 16 and 8 KiB, which stay in the processor's nearest cache; those of the level have
/// 128 and 64. A page of 7.5 KB takes a tenth less time beside other work, for three bytes in a thousand.
const ZSTD_SHORT_HASH_LOG: u32 = 12;
/// Bodies in one go: half the time of level 6, at a few bytes in a hundred.
const DEFLATE_LEVEL: i32 = 1;
/// Streamed bodies: two thirds of the time of level 6, at two bytes in a hundred.
const STREAM_DEFLATE_LEVEL: u32 = 3;
/// 128 KiB of history: what a stream may hold in memory, and plenty for pages.
const ZSTD_WINDOW_LOG: u32 = 17;
/// States that each thread keeps for the next stream; more streams at once make their own.
const KEPT_STREAMS: usize = 4;
/// Room that is made for output at a time.
const OUTPUT_STEP: usize = 8 * 1024;

thread_local! {
    static WHOLE: RefCell<WholeCodecs> = RefCell::default();
    static STREAMS: RefCell<Vec<StreamCodec>> = const { RefCell::new(Vec::new()) };
}

/// Codecs for bodies that are there as a whole, and a place for their output.
#[derive(Default)]
struct WholeCodecs {
    zstd: Option<zstd::bulk::Compressor<'static>>,
    /// For short bodies.
    short_zstd: Option<zstd::bulk::Compressor<'static>>,
    deflate: Option<libdeflater::Compressor>,
    output: Vec<u8>,
}

/// Compresses a body in one go.
///
/// # Errors
/// If the codec fails, which takes a lack of memory.
pub(super) fn whole(coding: Coding, body: &[u8]) -> io::Result<bytes::Bytes> {
    WHOLE.with_borrow_mut(|codecs| {
        let WholeCodecs {
            zstd,
            short_zstd,
            deflate,
            output,
        } = codecs;
        let written = match coding {
            Coding::Zstd => {
                let short = body.len() <= ZSTD_SHORT;
                let place = if short { short_zstd } else { zstd };
                let codec = match place {
                    Some(codec) => codec,
                    None => place.insert(make_zstd(short)?),
                };
                output.resize(zstd::zstd_safe::compress_bound(body.len()), 0);
                codec.compress_to_buffer(body, output.as_mut_slice())?
            }
            Coding::Gzip => {
                let codec = deflate.get_or_insert_with(|| {
                    let level = libdeflater::CompressionLvl::new(DEFLATE_LEVEL).unwrap_or_default();
                    libdeflater::Compressor::new(level)
                });
                output.resize(codec.gzip_compress_bound(body.len()), 0);
                codec
                    .gzip_compress(body, output)
                    .map_err(|error| io::Error::other(error.to_string()))?
            }
        };
        Ok(bytes::Bytes::copy_from_slice(&output[..written]))
    })
}

fn make_zstd(short: bool) -> io::Result<zstd::bulk::Compressor<'static>> {
    let mut codec = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
    if short {
        codec.set_parameter(CParameter::HashLog(ZSTD_SHORT_HASH_LOG))?;
        codec.set_parameter(CParameter::ChainLog(ZSTD_SHORT_HASH_LOG - 1))?;
    }
    Ok(codec)
}

/// The state of one stream.
pub(super) enum StreamCodec {
    /// Zstandard.
    Zstd(Encoder<'static>),
    /// gzip.
    Gzip(Compress),
}

impl StreamCodec {
    /// A state ready for a new stream: one that was kept, or a new one.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub(super) fn take(coding: Coding) -> io::Result<Self> {
        let kept = STREAMS.with_borrow_mut(|kept| {
            let index = kept.iter().position(|codec| codec.coding() == coding)?;
            Some(kept.swap_remove(index))
        });
        match (kept, coding) {
            (Some(mut codec), _) => {
                codec.reset()?;
                Ok(codec)
            }
            (None, Coding::Zstd) => {
                let mut encoder = Encoder::new(ZSTD_LEVEL)?;
                encoder.set_parameter(CParameter::WindowLog(ZSTD_WINDOW_LOG))?;
                Ok(Self::Zstd(encoder))
            }
            (None, Coding::Gzip) => Ok(Self::Gzip(Compress::new_gzip(
                flate2::Compression::new(STREAM_DEFLATE_LEVEL),
                15,
            ))),
        }
    }

    /// Returns the state for the next stream of this thread.
    pub(super) fn put_back(self) {
        STREAMS.with_borrow_mut(|kept| {
            if kept.len() < KEPT_STREAMS {
                kept.push(self);
            }
        });
    }

    fn coding(&self) -> Coding {
        match self {
            Self::Zstd(_) => Coding::Zstd,
            Self::Gzip(_) => Coding::Gzip,
        }
    }

    fn reset(&mut self) -> io::Result<()> {
        match self {
            Self::Zstd(encoder) => encoder.reinit(),
            Self::Gzip(deflate) => {
                deflate.reset();
                Ok(())
            }
        }
    }

    /// Takes input; output may come now or later.
    pub(super) fn write(&mut self, mut input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Zstd(encoder) => {
                let mut input = InBuffer::around(input);
                while input.pos < input.src.len() {
                    output.reserve(OUTPUT_STEP);
                    let position = output.len();
                    encoder.run(&mut input, &mut OutBuffer::around_pos(output, position))?;
                }
            }
            Self::Gzip(deflate) => {
                while !input.is_empty() {
                    let taken = deflate_step(deflate, input, output, FlushCompress::None)?;
                    input = &input[taken..];
                }
            }
        }
        Ok(())
    }

    /// Brings out everything that was taken so far, so that the reader can decode all of it.
    pub(super) fn flush(&mut self, output: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Zstd(encoder) => loop {
                output.reserve(OUTPUT_STEP);
                let position = output.len();
                if encoder.flush(&mut OutBuffer::around_pos(output, position))? == 0 {
                    return Ok(());
                }
            },
            Self::Gzip(deflate) => loop {
                output.reserve(OUTPUT_STEP);
                deflate_step(deflate, &[], output, FlushCompress::Sync)?;
                if output.len() < output.capacity() {
                    return Ok(());
                }
            },
        }
    }

    /// Ends the stream.
    pub(super) fn finish(&mut self, output: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Zstd(encoder) => loop {
                output.reserve(OUTPUT_STEP);
                let position = output.len();
                if encoder.finish(&mut OutBuffer::around_pos(output, position), true)? == 0 {
                    return Ok(());
                }
            },
            Self::Gzip(deflate) => loop {
                output.reserve(OUTPUT_STEP);
                let status = deflate
                    .compress_vec(&[], output, FlushCompress::Finish)
                    .map_err(io::Error::other)?;
                if status == flate2::Status::StreamEnd {
                    return Ok(());
                }
            },
        }
    }
}

/// One call of the codec; how much input it took.
fn deflate_step(
    deflate: &mut Compress,
    input: &[u8],
    output: &mut Vec<u8>,
    flush: FlushCompress,
) -> io::Result<usize> {
    output.reserve(OUTPUT_STEP);
    let before = deflate.total_in();
    deflate
        .compress_vec(input, output, flush)
        .map_err(io::Error::other)?;
    Ok(usize::try_from(deflate.total_in() - before).unwrap_or(input.len()))
}

impl std::fmt::Debug for StreamCodec {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("StreamCodec")
            .field(&self.coding())
            .finish()
    }
}
