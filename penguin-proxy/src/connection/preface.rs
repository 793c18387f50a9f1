//! HTTP/2 connection preface (RFC 9113 §3.4).
//!
//! It looks like a request of an unknown version, so only such requests are compared with it.

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What the first bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// No HTTP/2, whatever follows.
    Other,
    /// The preface as far as it has come.
    Begun,
    /// The whole preface.
    Complete,
}

/// Looks at the first bytes of a connection.
pub(super) fn look(bytes: &[u8]) -> Look {
    let count = bytes.len().min(PREFACE.len());
    if bytes[..count] != PREFACE[..count] {
        Look::Other
    } else if count == PREFACE.len() {
        Look::Complete
    } else {
        Look::Begun
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_preface_is_the_preface() {
        for cut in 0..PREFACE.len() {
            assert_eq!(look(&PREFACE[..cut]), Look::Begun, "{cut}");
            let mut other = PREFACE.to_vec();
            other[cut] ^= 1;
            assert_eq!(look(&other), Look::Other, "{cut}");
        }
        assert_eq!(look(PREFACE), Look::Complete);
        assert_eq!(look(&[PREFACE, &b"\0\0\0\x04"[..]].concat()), Look::Complete);
    }
}
