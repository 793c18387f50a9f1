//! Strict parser of chunked bodies: rejects spaces and extensions that other parsers read differently. Skips the data.

use crate::reject_reason::RejectReason;

use super::ScanLimits;
use super::field;
use super::line::{Line, Unfinished, is_token, is_token_byte};

/// Hexadecimal digits of a chunk's size: enough for four gigabytes.
const SIZE_DIGITS: usize = 8;

/// The place inside a chunked body.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    place: Place,
    extension_bytes: usize,
    trailer_bytes: usize,
    trailer_fields: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Size,
    Data(u64),
    DataCr,
    DataLf,
    Trailers,
}

impl Chunked {
    /// Looks at the next bytes of the body: how many belong to it, and whether it ended with the last of them.
    pub(super) fn next(
        &mut self,
        bytes: &[u8],
        line: &mut Unfinished,
        limits: &ScanLimits,
    ) -> Result<(usize, bool), RejectReason> {
        let mut taken = 0;
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            taken += match self.place {
                Place::Size => self.size(rest, line, limits)?,
                Place::Data(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    let left = left - here as u64;
                    self.place = if left == 0 {
                        Place::DataCr
                    } else {
                        Place::Data(left)
                    };
                    here
                }
                Place::DataCr => self.expect(rest[0], b'\r', Place::DataLf)?,
                Place::DataLf => self.expect(rest[0], b'\n', Place::Size)?,
                Place::Trailers => {
                    let (here, ended) = self.trailer(rest, line, limits)?;
                    if ended {
                        return Ok((taken + here, true));
                    }
                    here
                }
            };
        }
        Ok((taken, false))
    }

    fn expect(&mut self, byte: u8, expected: u8, place: Place) -> Result<usize, RejectReason> {
        if byte != expected {
            return Err(RejectReason::ChunkEnd);
        }
        self.place = place;
        Ok(1)
    }

    fn size(
        &mut self,
        bytes: &[u8],
        line: &mut Unfinished,
        limits: &ScanLimits,
    ) -> Result<usize, RejectReason> {
        let budget = (SIZE_DIGITS + limits.chunk_extension + 2).saturating_sub(line.len());
        let (text, taken) = match line.next(bytes, budget, false) {
            Line::Partial => return Ok(bytes.len()),
            Line::TooLong => return Err(RejectReason::ChunkExtension),
            Line::Faulty(refusal) => return Err(refusal),
            Line::Complete { text, taken } => (text, taken),
        };
        let (size, extension) = read_size(text)?;
        check_extensions(extension)?;
        self.extension_bytes += extension.len();
        line.clear();
        if self.extension_bytes > limits.chunk_extension {
            return Err(RejectReason::ChunkExtension);
        }
        self.place = if size == 0 {
            Place::Trailers
        } else {
            Place::Data(size)
        };
        Ok(taken)
    }

    /// One trailer line; true when it was the empty one that ends the message.
    fn trailer(
        &mut self,
        bytes: &[u8],
        line: &mut Unfinished,
        limits: &ScanLimits,
    ) -> Result<(usize, bool), RejectReason> {
        let (text, taken) = match line.next(bytes, limits.trailers - self.trailer_bytes, false) {
            Line::Partial => {
                self.trailer_bytes += bytes.len();
                return Ok((bytes.len(), false));
            }
            Line::TooLong => return Err(RejectReason::TrailersTooLarge),
            Line::Faulty(refusal) => return Err(refusal),
            Line::Complete { text, taken } => (text, taken),
        };
        self.trailer_bytes += taken;
        let ended = text.is_empty();
        if !ended {
            field::split(text)?;
            self.trailer_fields += 1;
            if self.trailer_fields > limits.fields {
                return Err(RejectReason::TrailersTooLarge);
            }
        }
        line.clear();
        Ok((taken, ended))
    }
}

/// Leading hexadecimal digits, and what follows them.
fn read_size(line: &[u8]) -> Result<(u64, &[u8]), RejectReason> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if !(1..=SIZE_DIGITS).contains(&digits) {
        return Err(RejectReason::ChunkSize);
    }
    let size = line[..digits].iter().fold(0_u64, |sum, &digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            _ => (digit | 0x20) - b'a' + 10,
        };
        sum << 4 | u64::from(value)
    });
    match line.get(digits) {
        None | Some(b';') => Ok((size, &line[digits..])),
        Some(_) => Err(RejectReason::ChunkSize),
    }
}

/// `*( ";" name [ "=" ( token / quoted-string ) ] )`, without the optional space that the grammar bears with.
fn check_extensions(mut rest: &[u8]) -> Result<(), RejectReason> {
    while let [b';', after @ ..] = rest {
        let name = after.iter().take_while(|&&byte| is_token_byte(byte)).count();
        if !is_token(&after[..name]) {
            return Err(RejectReason::ChunkExtension);
        }
        rest = &after[name..];
        if let [b'=', value @ ..] = rest {
            let length = match value {
                [b'"', quoted @ ..] => 1 + quoted_length(quoted)?,
                _ => value.iter().take_while(|&&byte| is_token_byte(byte)).count(),
            };
            if length == 0 {
                return Err(RejectReason::ChunkExtension);
            }
            rest = &value[length..];
        }
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(RejectReason::ChunkExtension)
    }
}

/// Bytes up to and with the closing quote.
fn quoted_length(quoted: &[u8]) -> Result<usize, RejectReason> {
    let mut escaped = false;
    for (index, &byte) in quoted.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Ok(index + 1),
            _ => {}
        }
    }
    Err(RejectReason::ChunkExtension)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(body: &str) -> Result<usize, RejectReason> {
        let limits = ScanLimits {
            chunk_extension: 16,
            trailers: 32,
            fields: 2,
            ..ScanLimits::default()
        };
        let mut whole = Chunked::default();
        let at_once = whole.next(body.as_bytes(), &mut Unfinished::default(), &limits);
        let mut chunked = Chunked::default();
        let mut line = Unfinished::default();
        let mut piecewise = Ok((0, false));
        let mut total = 0;
        for byte in body.as_bytes().chunks(1) {
            piecewise = chunked.next(byte, &mut line, &limits);
            let Ok((taken, ended)) = piecewise else { break };
            total += taken;
            if ended {
                break;
            }
        }
        let at_once = at_once.map(|(taken, ended)| if ended { taken } else { usize::MAX });
        let piecewise = piecewise.map(|(_, ended)| if ended { total } else { usize::MAX });
        assert_eq!(at_once, piecewise, "{body:?} in one piece and in many");
        at_once
    }

    #[test]
    fn bodies() {
        for good in [
            "0\r\n\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
            "A\r\n0123456789\r\n00\r\n\r\n",
            "5;a\r\nhello\r\n0\r\n\r\n",
            "5;a=b;c=\"d\\\"\"\r\nhello\r\n0\r\n\r\n",
            "0\r\nx: y\r\nz: 1\r\n\r\n",
        ] {
            assert_eq!(scan(good), Ok(good.len()), "{good:?}");
        }
        for (bad, refusal) in [
            ("\r\n", RejectReason::ChunkSize),
            ("+5\r\n", RejectReason::ChunkSize),
            ("-5\r\n", RejectReason::ChunkSize),
            ("0x5\r\n", RejectReason::ChunkSize),
            (" 5\r\n", RejectReason::ChunkSize),
            ("5 \r\n", RejectReason::ChunkSize),
            ("5\t;a\r\n", RejectReason::ChunkSize),
            ("5_\r\n", RejectReason::ChunkSize),
            ("000000005\r\n", RejectReason::ChunkSize),
            ("5\n", RejectReason::BareLf),
            ("5\rX\n", RejectReason::BareCr),
            ("5;\r\n", RejectReason::ChunkExtension),
            ("5; a\r\n", RejectReason::ChunkExtension),
            ("5;a \r\n", RejectReason::ChunkExtension),
            ("5;a=\r\n", RejectReason::ChunkExtension),
            ("5;a=\"b\r\n", RejectReason::ChunkExtension),
            ("5;a=\"b\"c\r\n", RejectReason::ChunkExtension),
            ("5;a\n", RejectReason::BareLf),
            ("5;aaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", RejectReason::ChunkExtension),
            (
                "1;aaaaaaaa\r\nx\r\n1;aaaaaaaa\r\nx\r\n",
                RejectReason::ChunkExtension,
            ),
            ("5\r\nhello!\r\n", RejectReason::ChunkEnd),
            ("5\r\nhello\n0\r\n\r\n", RejectReason::ChunkEnd),
            ("5\r\nhello\r0", RejectReason::ChunkEnd),
            ("0\r\nx\r\n\r\n", RejectReason::FieldColon),
            ("0\r\n x: y\r\n\r\n", RejectReason::FieldFolded),
            ("0\r\nx : y\r\n\r\n", RejectReason::FieldName),
            (
                "0\r\na: b\r\nc: d\r\ne: f\r\n\r\n",
                RejectReason::TrailersTooLarge,
            ),
            (
                "0\r\na: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n\r\n",
                RejectReason::TrailersTooLarge,
            ),
        ] {
            assert_eq!(scan(bad), Err(refusal), "{bad:?}");
        }
        for unfinished in ["", "5", "5\r\nhel", "5\r\nhello\r\n", "0\r\n", "0\r\nx: y\r\n"] {
            assert_eq!(scan(unfinished), Ok(usize::MAX), "{unfinished:?}");
        }
    }

    #[test]
    fn bytes_after_the_end_are_not_taken() {
        assert_eq!(scan("0\r\n\r\nGET / HTTP/1.1\r\n"), Ok(5));
    }
}
