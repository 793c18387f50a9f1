//! Which bytes a `Range` header asks for (RFC 9110, 14).
//!
//! One range is served. Several in one header are answered with the whole document, as the RFC allows: no browser
//! needs them for files of our size, and they are a way to make a small request costly.

/// What part of a document to send; positions count from zero, `last` is included.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// All of it, because no range was asked for, or none that we understand.
    Everything,
    /// A part of it.
    Part {
        /// The first byte.
        first: usize,
        /// The last byte.
        last: usize,
    },
    /// A part that does not exist.
    Unsatisfiable,
}

/// Reads a `Range` header for a document of `length` bytes.
pub(super) fn select(header: &str, length: usize) -> Selection {
    let Some((unit, ranges)) = header.trim().split_once('=') else {
        return Selection::Everything;
    };
    if !unit.eq_ignore_ascii_case("bytes") || ranges.contains(',') {
        return Selection::Everything;
    }
    let Some((first, last)) = ranges.trim().split_once('-') else {
        return Selection::Everything;
    };
    match (position(first), position(last)) {
        (Position::Absent, Position::Number(suffix)) => match suffix.min(length) {
            0 => Selection::Unsatisfiable,
            suffix => Selection::Part {
                first: length - suffix,
                last: length - 1,
            },
        },
        (Position::Number(first), Position::Absent) => part(first, usize::MAX, length),
        (Position::Number(first), Position::Number(last)) if first <= last => part(first, last, length),
        _ => Selection::Everything,
    }
}

fn part(first: usize, last: usize, length: usize) -> Selection {
    if first < length {
        Selection::Part {
            first,
            last: last.min(length - 1),
        }
    } else {
        Selection::Unsatisfiable
    }
}

enum Position {
    Absent,
    Number(usize),
    Nonsense,
}

fn position(text: &str) -> Position {
    let text = text.trim();
    if text.is_empty() {
        return Position::Absent;
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Position::Nonsense;
    }
    // More digits than a length can have are simply beyond the end.
    Position::Number(text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_one_range() {
        for (header, first, last) in [
            ("bytes=0-0", 0, 0),
            ("bytes=0-99", 0, 9),
            ("bytes=3-", 3, 9),
            ("bytes=-3", 7, 9),
            ("bytes=-99", 0, 9),
            ("Bytes= 2-4 ", 2, 4),
            ("bytes=0-99999999999999999999999999", 0, 9),
        ] {
            assert_eq!(select(header, 10), Selection::Part { first, last }, "{header}");
        }
    }

    #[test]
    fn a_range_beyond_the_end_cannot_be_satisfied() {
        for header in [
            "bytes=10-",
            "bytes=10-20",
            "bytes=-0",
            "bytes=99999999999999999999999-",
        ] {
            assert_eq!(select(header, 10), Selection::Unsatisfiable, "{header}");
        }
        assert_eq!(select("bytes=0-", 0), Selection::Unsatisfiable);
        assert_eq!(select("bytes=-1", 0), Selection::Unsatisfiable);
    }

    #[test]
    fn what_is_no_range_is_ignored() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-3",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=0-1,3-4",
            "lines=1-2",
        ] {
            assert_eq!(select(header, 10), Selection::Everything, "{header}");
        }
    }
}
