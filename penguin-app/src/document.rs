//! Bytes that can be served: a page, an asset, a robots.txt, in every coding that we offer.
//!
//! A document is finished: nothing is computed when it is asked for. It must not know HTTP.

use std::fmt::Write as _;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::coding::{self, Coding, Effort};

/// The form in which a document is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it is; on the wire this coding is called `identity`.
    Plain,
    /// Compressed.
    Encoded(Coding),
}

/// One document in every form that pays.
#[derive(Debug, Clone)]
pub struct Document {
    /// What stands in `Content-Type`.
    pub media_type: &'static str,
    /// Sixteen hexadecimal digits that change whenever the content does.
    pub fingerprint: String,
    /// The content as it is.
    pub plain: Bytes,
    /// The same content, compressed; empty where compressing does not pay.
    pub encoded: Vec<(Coding, Bytes)>,
}

impl Document {
    /// A document that is served as it is.
    pub fn plain(media_type: &'static str, plain: impl Into<Bytes>) -> Self {
        let plain = plain.into();
        Self {
            media_type,
            fingerprint: fingerprint(&plain),
            plain,
            encoded: Vec::new(),
        }
    }

    /// A document that is compressed here and now.
    pub fn compressed(media_type: &'static str, plain: impl Into<Bytes>, effort: Effort) -> Self {
        let mut document = Self::plain(media_type, plain);
        document.encoded = Coding::ALL
            .into_iter()
            .filter_map(|coding| {
                let encoded = coding::encode(coding, effort, &document.plain)?;
                Some((coding, Bytes::from(encoded)))
            })
            .collect();
        document
    }

    /// The content in one form, if we have it.
    pub fn body(&self, form: Form) -> Option<&Bytes> {
        match form {
            Form::Plain => Some(&self.plain),
            Form::Encoded(wanted) => self
                .encoded
                .iter()
                .find(|(coding, _)| *coding == wanted)
                .map(|(_, body)| body),
        }
    }
}

/// The first sixteen hexadecimal digits of the SHA-256 of the content.
pub fn fingerprint(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest
        .iter()
        .take(8)
        .fold(String::with_capacity(16), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
