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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_shrink_is_left_as_it_is() {
        // Digests of digests: nothing in there comes back.
        let noise = (0_u8..8).fold(Vec::new(), |mut noise, seed| {
            noise.extend(Sha256::digest([noise.as_slice(), &[seed]].concat()));
            noise
        });
        let document = Document::compressed("text/plain", noise, Effort::Best);
        assert!(document.encoded.is_empty());
        let empty = Document::compressed("text/plain", "", Effort::Best);
        assert!(empty.encoded.is_empty());
    }

    #[test]
    fn what_shrinks_has_every_coding_and_the_best_effort_shrinks_it_more() {
        let text = "A small school on a large piece of ice. ".repeat(40) + "Cold water, warm teachers.";
        let quick = Document::compressed("text/plain", text.clone(), Effort::Quick);
        let best = Document::compressed("text/plain", text, Effort::Best);
        for coding in Coding::ALL {
            let form = Form::Encoded(coding);
            let length = |document: &Document| document.body(form).unwrap().len();
            assert!(length(&best) <= length(&quick), "{coding:?}");
            assert!(length(&quick) < best.plain.len() / 4, "{coding:?}");
        }
        assert_eq!(quick.fingerprint, best.fingerprint, "the same content");
    }

    #[test]
    fn the_fingerprint_is_sixteen_digits_of_the_content() {
        assert_eq!(fingerprint(b"penguin").len(), 16);
        assert_ne!(fingerprint(b"penguin"), fingerprint(b"penguins"));
    }
}
