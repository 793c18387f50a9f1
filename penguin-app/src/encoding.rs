//! The content encodings that the site offers, and the compressors behind them.
//!
//! The build script compiles this file too, so that assets and pages share the code.

use std::io::Write as _;

/// A content encoding other than identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `br`
    Brotli,
    /// `gzip`
    Gzip,
}

impl Encoding {
    /// Every encoding, best first.
    pub const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// Returns the name in `Content-Encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// How much time to spend on compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// At every start, and in debug builds: for a page of 6 kB brotli's level 4 takes 0.2 ms and 16 page faults, level
    /// 5 takes 2.9 ms and 1,300 for five per cent less.
    Quick,
    /// Once, when a release is built.
    Best,
}

/// Compresses `plain`; returns `None` where that would not save at least a sixteenth.
pub fn encode(encoding: Encoding, effort: Effort, plain: &[u8]) -> Option<Vec<u8>> {
    let best = effort == Effort::Best;
    let encoded = match encoding {
        Encoding::Brotli => brotli(plain, if best { 11 } else { 4 }),
        Encoding::Gzip => gzip(plain, if best { 9 } else { 6 }),
    }?;
    (encoded.len() < plain.len() - plain.len() / 16).then_some(encoded)
}

fn brotli(mut plain: &[u8], quality: i32) -> Option<Vec<u8>> {
    let window = (10..22).find(|window| plain.len() + 16 <= 1 << window);
    let params = brotli::enc::BrotliEncoderParams {
        quality,
        // No wider than the input: encoder and decoder reserve as much.
        lgwin: window.unwrap_or(22),
        size_hint: plain.len(),
        ..Default::default()
    };
    let mut encoded = Vec::new();
    brotli::BrotliCompress(&mut plain, &mut encoded, &params).ok()?;
    Some(encoded)
}

fn gzip(plain: &[u8], level: u32) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}
