//! The content codings that we offer, and how bytes get into them.
//!
//! The build script compiles this file too, so that the assets inside the binary and the pages rendered at start
//! go through the same code. It must not know HTTP, templates, or anything else of this crate.

use std::io::Write as _;

/// A content coding other than identity, in the order in which we would rather send them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// `br`
    Brotli,
    /// `zstd`
    Zstd,
    /// `gzip`
    Gzip,
}

impl Coding {
    /// Every coding, the one that we would rather send first.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// The name that stands in `Content-Encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }
}

/// How long a compression may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// A fifth of a millisecond for a page: at every start, and in debug builds.
    ///
    /// Measured on a page of 6 kB: brotli's level 4 takes 0.2 ms and 16 page faults, level 5 takes 2.9 ms and 1,300
    /// for five per cent less.
    Quick,
    /// As small as it gets: once, when a release is built.
    Best,
}

/// The bytes in one coding, or nothing where that would not save at least a sixteenth.
///
/// Writing to memory cannot fail; should an encoder say so nevertheless, the answer is nothing as well, and the
/// plain bytes are served.
pub fn encode(coding: Coding, effort: Effort, plain: &[u8]) -> Option<Vec<u8>> {
    let encoded = match coding {
        Coding::Brotli => brotli(plain, if effort == Effort::Best { 11 } else { 4 }),
        Coding::Zstd => zstd::bulk::compress(plain, if effort == Effort::Best { 19 } else { 12 }).ok(),
        Coding::Gzip => gzip(plain, if effort == Effort::Best { 9 } else { 6 }),
    }?;
    (encoded.len() < plain.len() - plain.len() / 16).then_some(encoded)
}

fn brotli(plain: &[u8], quality: i32) -> Option<Vec<u8>> {
    let mut window = 10;
    while window < 22 && (1_usize << window) < plain.len() + 16 {
        window += 1;
    }
    let params = brotli::enc::BrotliEncoderParams {
        quality,
        // No wider than the input: a decoder reserves as much, and so does the encoder.
        lgwin: window,
        size_hint: plain.len(),
        ..Default::default()
    };
    let mut encoded = Vec::with_capacity(plain.len() / 3);
    let mut input = plain;
    brotli::BrotliCompress(&mut input, &mut encoded, &params).ok()?;
    Some(encoded)
}

fn gzip(plain: &[u8], level: u32) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(
        Vec::with_capacity(plain.len() / 3),
        flate2::Compression::new(level),
    );
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}
