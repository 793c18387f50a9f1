//! Parser of header lines that tracks only framing: `Content-Length` and `Transfer-Encoding`.

use crate::content_length;
use crate::reject_reason::RejectReason;

use super::Framing;
use super::line::is_token;

/// What the fields of one head have said about its body so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FramingFields {
    length: Option<u64>,
    chunked: bool,
}

impl FramingFields {
    /// Reads one more header line of a head.
    ///
    /// # Errors
    /// A line that is no field, or a framing header that leaves the end of the message uncertain.
    pub(super) fn read(&mut self, line: &[u8], http10: bool) -> Result<(), RejectReason> {
        let (name, value) = split(line)?;
        // The two names that matter have 14 and 17 letters; a disguise adds to them or drops the dash.
        if name.len() < 13 {
            return Ok(());
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            if self.length.is_some() {
                return Err(RejectReason::ContentLengthRepeated);
            }
            if self.chunked {
                return Err(RejectReason::LengthAndCoding);
            }
            self.length = Some(content_length::parse(value)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if http10 {
                return Err(RejectReason::CodingInHttp10);
            }
            if self.length.is_some() {
                return Err(RejectReason::LengthAndCoding);
            }
            if self.chunked {
                return Err(RejectReason::Coding);
            }
            check_coding(value)?;
            self.chunked = true;
        } else if is_disguised(name, b"contentlength") || is_disguised(name, b"transferencoding") {
            return Err(RejectReason::FramingDisguised);
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

/// Splits a header line into its name and its value without the space around it.
///
/// # Errors
/// A folded line, a missing colon, a name that is no token (whitespace before the colon included).
pub(super) fn split(line: &[u8]) -> Result<(&[u8], &[u8]), RejectReason> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return Err(RejectReason::FieldFolded);
    }
    let colon = memchr::memchr(b':', line).ok_or(RejectReason::FieldColon)?;
    let name = &line[..colon];
    if !is_token(name) {
        return Err(RejectReason::FieldName);
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
fn check_coding(value: &[u8]) -> Result<(), RejectReason> {
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
            "",
        ]
        .iter()
        .any(|coding| name.eq_ignore_ascii_case(coding.as_bytes()))
    };
    let unknown = |member: &[u8]| is_token(trim(member)) && !known(member);
    if value.split(|&byte| byte == b',').any(unknown) {
        Err(RejectReason::CodingUnknown)
    } else {
        Err(RejectReason::Coding)
    }
}

/// Whether the letters and digits of a name spell a framing header: `Content_Length`, `transfer.encoding`.
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

    fn framing(http10: bool, lines: &[&str]) -> Result<Framing, RejectReason> {
        let mut fields = FramingFields::default();
        for line in lines {
            fields.read(line.as_bytes(), http10)?;
        }
        Ok(fields.framing())
    }

    #[test]
    fn ambiguous_framing_is_rejected() {
        for (lines, expected) in [
            (&["Host: a"][..], Ok(Framing::Length(0))),
            (&["Content-Length: 5"], Ok(Framing::Length(5))),
            (&["content-length:5 \t"], Ok(Framing::Length(5))),
            (&["Transfer-Encoding: Chunked"], Ok(Framing::Chunked)),
            (
                &["Content-Length: 5", "Content-Length: 5"],
                Err(RejectReason::ContentLengthRepeated),
            ),
            (&["Content-Length: 5, 5"], Err(RejectReason::ContentLength)),
            (&["Content-Length: +5"], Err(RejectReason::ContentLength)),
            (&["Content-Length: 0x5"], Err(RejectReason::ContentLength)),
            (&["Content-Length: 5 5"], Err(RejectReason::ContentLength)),
            (&["Content-Length:"], Err(RejectReason::ContentLength)),
            (
                &["Content-Length: 99999999999999999999"],
                Err(RejectReason::ContentLength),
            ),
            (
                &["Content-Length: 5", "Transfer-Encoding: chunked"],
                Err(RejectReason::LengthAndCoding),
            ),
            (
                &["Transfer-Encoding: chunked", "Content-Length: 5"],
                Err(RejectReason::LengthAndCoding),
            ),
            (
                &["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
                Err(RejectReason::Coding),
            ),
            (
                &["Transfer-Encoding: chunked, chunked"],
                Err(RejectReason::Coding),
            ),
            (&["Transfer-Encoding: gzip, chunked"], Err(RejectReason::Coding)),
            (&["Transfer-Encoding: chunked;a=b"], Err(RejectReason::Coding)),
            (&["Transfer-Encoding: identity"], Err(RejectReason::CodingUnknown)),
            (&["Transfer-Encoding:"], Err(RejectReason::Coding)),
            (&["Transfer-Encoding: \"chunked\""], Err(RejectReason::Coding)),
            (&["Transfer-Encoding: xchunked"], Err(RejectReason::CodingUnknown)),
            (&["Content_Length: 5"], Err(RejectReason::FramingDisguised)),
            (&["ContentLength: 5"], Err(RejectReason::FramingDisguised)),
            (
                &["Transfer.Encoding: chunked"],
                Err(RejectReason::FramingDisguised),
            ),
            (&["Content-Length-Hint: 5"], Ok(Framing::Length(0))),
            (&[" Content-Length: 5"], Err(RejectReason::FieldFolded)),
            (&["Content-Length : 5"], Err(RejectReason::FieldName)),
            (&["Content-Length"], Err(RejectReason::FieldColon)),
            (&[": 5"], Err(RejectReason::FieldName)),
        ] {
            assert_eq!(framing(false, lines), expected, "{lines:?}");
        }
        assert_eq!(
            framing(true, &["Transfer-Encoding: chunked"]),
            Err(RejectReason::CodingInHttp10)
        );
        assert_eq!(framing(true, &["Content-Length: 5"]), Ok(Framing::Length(5)));
    }
}
