//! Strict parser of `Content-Length` values.

use http::HeaderValue;

use crate::reject_reason::RejectReason;

/// Parses one plain decimal number of at most 19 digits: no list, no sign, no space.
///
/// # Errors
///
/// [`RejectReason::ContentLength`] for everything else.
pub(crate) fn parse(value: &[u8]) -> Result<u64, RejectReason> {
    if value.is_empty() || value.len() > 19 || !value.iter().all(u8::is_ascii_digit) {
        return Err(RejectReason::ContentLength);
    }
    // Nineteen digits always fit into 64 bits.
    Ok(value
        .iter()
        .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

/// Parses a value like [`parse`] and rewrites it without leading zeros.
///
/// RFC 9110 §8.6 permits them, but some readers take `010` for an octal number.
///
/// # Errors
///
/// Those of [`parse`].
pub(crate) fn normalize(value: &mut HeaderValue) -> Result<u64, RejectReason> {
    let length = parse(value.as_bytes())?;
    if value.len() > 1 && value.as_bytes().starts_with(b"0") {
        *value = HeaderValue::from(length);
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_are_removed() {
        for (given, expected) in [("0", "0"), ("000", "0"), ("005", "5"), ("10", "10")] {
            let mut value = HeaderValue::from_static(given);
            let length = normalize(&mut value).expect("a number");
            assert_eq!(
                (value.to_str().expect("text"), length.to_string()),
                (expected, expected.to_owned())
            );
        }
    }

    #[test]
    fn lists_and_signs_are_refused() {
        for given in [
            "",
            "+5",
            "-5",
            "5, 5",
            "5,5",
            "5 5",
            "0x5",
            "5.0",
            "00000000000000000005",
        ] {
            let mut value = HeaderValue::from_static(given);
            assert_eq!(normalize(&mut value), Err(RejectReason::ContentLength), "{given}");
        }
    }
}
