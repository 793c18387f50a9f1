//! One field line, and what the fields seen so far say about where the message ends. Only framing is read
//! here: what other fields mean is for [`crate::request_rules`].

use crate::request_rules::{Refusal, parse_length};

use super::Framing;
use super::line::is_token;

/// What the fields of one head have said about its body so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FramingFields {
    length: Option<u64>,
    chunked: bool,
}

impl FramingFields {
    /// Reads one more field line of a head.
    ///
    /// # Errors
    /// A line that is no field, or a framing field that leaves the end of the message uncertain.
    pub(super) fn read(&mut self, line: &[u8], http10: bool) -> Result<(), Refusal> {
        let (name, value) = split(line)?;
        // The two names that matter have 14 and 17 letters; a disguise adds to them or drops the dash.
        if name.len() < 13 {
            return Ok(());
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            if self.length.is_some() {
                return Err(Refusal::ContentLengthRepeated);
            }
            if self.chunked {
                return Err(Refusal::LengthAndCoding);
            }
            self.length = Some(parse_length(value)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if http10 {
                return Err(Refusal::CodingInHttp10);
            }
            if self.length.is_some() {
                return Err(Refusal::LengthAndCoding);
            }
            if self.chunked {
                return Err(Refusal::Coding);
            }
            check_coding(value)?;
            self.chunked = true;
        } else if is_disguised(name, b"contentlength") || is_disguised(name, b"transferencoding") {
            return Err(Refusal::FramingDisguised);
        }
        Ok(())
    }

    /// Where the message ends, once the head has.
    pub(super) fn framing(self) -> Framing {
        match self {
            Self { chunked: true, .. } => Framing::Chunked,
            Self {
                length: Some(length), ..
            } => Framing::Length(length),
            Self { .. } => Framing::Length(0),
        }
    }
}

/// Splits a field line into its name and its value without the space around it.
///
/// # Errors
/// A folded line, a missing colon, a name that is no token (whitespace before the colon included).
pub(super) fn split(line: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return Err(Refusal::FieldFolded);
    }
    let colon = memchr::memchr(b':', line).ok_or(Refusal::FieldColon)?;
    let name = &line[..colon];
    if !is_token(name) {
        return Err(Refusal::FieldName);
    }
    Ok((name, trim(&line[colon + 1..])))
}

fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// `chunked` and nothing else.
fn check_coding(value: &[u8]) -> Result<(), Refusal> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let known = |member: &[u8]| {
        let name = trim(member.split(|&byte| byte == b';').next().unwrap_or_default());
        [
            "chunked",
            "gzip",
            "x-gzip",
            "deflate",
            "compress",
            "x-compress",
            "identity",
            "trailers",
            "",
        ]
        .iter()
        .any(|coding| name.eq_ignore_ascii_case(coding.as_bytes()))
    };
    let unknown = |member: &[u8]| is_token(trim(member)) && !known(member);
    if value.split(|&byte| byte == b',').any(unknown) {
        Err(Refusal::CodingUnknown)
    } else {
        Err(Refusal::Coding)
    }
}

/// Whether the letters and digits of a name spell a framing field: `Content_Length`, `transfer.encoding`.
/// Frameworks that fold such names together would see a length that no proxy saw.
fn is_disguised(name: &[u8], letters: &[u8]) -> bool {
    let mut expected = letters.iter();
    let same = name
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .all(|byte| {
            expected
                .next()
                .is_some_and(|letter| byte.eq_ignore_ascii_case(letter))
        });
    same && expected.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(http10: bool, lines: &[&str]) -> Result<Framing, Refusal> {
        let mut fields = FramingFields::default();
        for line in lines {
            fields.read(line.as_bytes(), http10)?;
        }
        Ok(fields.framing())
    }

    #[test]
    fn framing_is_certain_or_refused() {
        for (lines, expected) in [
            (&["Host: a"][..], Ok(Framing::Length(0))),
            (&["Content-Length: 5"], Ok(Framing::Length(5))),
            (&["content-length:5 \t"], Ok(Framing::Length(5))),
            (&["Transfer-Encoding: Chunked"], Ok(Framing::Chunked)),
            (
                &["Content-Length: 5", "Content-Length: 5"],
                Err(Refusal::ContentLengthRepeated),
            ),
            (&["Content-Length: 5, 5"], Err(Refusal::ContentLength)),
            (&["Content-Length: +5"], Err(Refusal::ContentLength)),
            (&["Content-Length: 0x5"], Err(Refusal::ContentLength)),
            (&["Content-Length: 5 5"], Err(Refusal::ContentLength)),
            (&["Content-Length:"], Err(Refusal::ContentLength)),
            (
                &["Content-Length: 99999999999999999999"],
                Err(Refusal::ContentLength),
            ),
            (
                &["Content-Length: 5", "Transfer-Encoding: chunked"],
                Err(Refusal::LengthAndCoding),
            ),
            (
                &["Transfer-Encoding: chunked", "Content-Length: 5"],
                Err(Refusal::LengthAndCoding),
            ),
            (
                &["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
                Err(Refusal::Coding),
            ),
            (&["Transfer-Encoding: chunked, chunked"], Err(Refusal::Coding)),
            (&["Transfer-Encoding: gzip, chunked"], Err(Refusal::Coding)),
            (&["Transfer-Encoding: chunked;a=b"], Err(Refusal::Coding)),
            (&["Transfer-Encoding: identity"], Err(Refusal::Coding)),
            (&["Transfer-Encoding:"], Err(Refusal::Coding)),
            (&["Transfer-Encoding: \"chunked\""], Err(Refusal::Coding)),
            (&["Transfer-Encoding: xchunked"], Err(Refusal::CodingUnknown)),
            (&["Content_Length: 5"], Err(Refusal::FramingDisguised)),
            (&["ContentLength: 5"], Err(Refusal::FramingDisguised)),
            (&["Transfer.Encoding: chunked"], Err(Refusal::FramingDisguised)),
            (&["Content-Length-Hint: 5"], Ok(Framing::Length(0))),
            (&[" Content-Length: 5"], Err(Refusal::FieldFolded)),
            (&["Content-Length : 5"], Err(Refusal::FieldName)),
            (&["Content-Length"], Err(Refusal::FieldColon)),
            (&[": 5"], Err(Refusal::FieldName)),
        ] {
            assert_eq!(framing(false, lines), expected, "{lines:?}");
        }
        assert_eq!(
            framing(true, &["Transfer-Encoding: chunked"]),
            Err(Refusal::CodingInHttp10)
        );
        assert_eq!(framing(true, &["Content-Length: 5"]), Ok(Framing::Length(5)));
    }
}
