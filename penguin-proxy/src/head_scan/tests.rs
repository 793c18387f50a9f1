//! Whole connections: heads and bodies behind each other, in one piece and in many.

use super::*;

const HOST: &str = "GET / HTTP/1.1\r\nHost: a\r\n";

/// Every event of a stream but [`Event::Partial`], fed in pieces of `size` bytes.
fn events(stream: &[u8], size: usize) -> Vec<Event> {
    let mut scan = HeadScan::new(ScanLimits::default());
    let mut events = Vec::new();
    for piece in stream.chunks(size) {
        let mut rest = piece;
        while !rest.is_empty() {
            let step = scan.next(rest);
            rest = &rest[step.taken..];
            match step.event {
                Event::Partial => assert!(rest.is_empty(), "a partial step takes everything"),
                Event::Refused(_) => {
                    events.push(step.event);
                    return events;
                }
                event => events.push(event),
            }
        }
    }
    events
}

#[track_caller]
fn assert_events(stream: &str, expected: &[Event]) {
    for size in [1, 2, 3, 7, 64, stream.len().max(1)] {
        assert_eq!(
            events(stream.as_bytes(), size),
            expected,
            "{stream:?} in pieces of {size}"
        );
    }
}

#[test]
fn messages_follow_each_other() {
    assert_events(
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n\
         POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\
         \r\nPOST /y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
         GET /z HTTP/1.0\r\n\r\n",
        &[
            Event::Head(Framing::Length(0)),
            Event::Head(Framing::Length(5)),
            Event::End,
            Event::Head(Framing::Chunked),
            Event::End,
            Event::Head(Framing::Length(0)),
        ],
    );
}

#[test]
fn body_bytes_are_not_parsed_as_a_head() {
    let smuggled = "GET /admin HTTP/1.1\nHost: a\r\n\r\n";
    assert_events(
        &format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{smuggled}",
            smuggled.len()
        ),
        &[Event::Head(Framing::Length(smuggled.len() as u64)), Event::End],
    );
}

#[test]
fn errors_are_rejected_at_their_position() {
    for (stream, refusal) in [
        ("GET / HTTP/1.1\nHost: a\r\n\r\n".to_owned(), RejectReason::BareLf),
        (format!("{HOST}\n"), RejectReason::BareLf),
        (format!("{HOST}A: b\rC: d\r\n\r\n"), RejectReason::BareCr),
        (format!("{HOST}A: b\0\r\n\r\n"), RejectReason::Nul),
        (format!("{HOST}A: b\r\n c\r\n\r\n"), RejectReason::FieldFolded),
        (
            "GET / HTTP/1.1\r\n Host: a\r\n\r\n".to_owned(),
            RejectReason::FieldFolded,
        ),
        (format!("{HOST}A : b\r\n\r\n"), RejectReason::FieldName),
        (format!("{HOST}A\r\n\r\n"), RejectReason::FieldColon),
        (format!("{HOST}\u{1}A: b\r\n\r\n"), RejectReason::ControlByte),
        (
            "\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n".to_owned(),
            RejectReason::EmptyLines,
        ),
        ("\nGET / HTTP/1.1\r\n\r\n".to_owned(), RejectReason::BareLf),
        // The fast look ends at the first empty line.
        ("\r\n\r\nGET /\rx HTTP/1.1\r\n-".to_owned(), RejectReason::BareCr),
        (
            "\r\n\r\nGET / HTTP/1.1\r\nA: \0\r\n-".to_owned(),
            RejectReason::Nul,
        ),
        ("\u{16}\u{3}\u{1}".to_owned(), RejectReason::ControlByte),
    ] {
        assert_events(&stream, &[Event::Refused(refusal)]);
    }
    assert_events(
        "\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        &[Event::Head(Framing::Length(0))],
    );
}

#[test]
fn nothing_is_parsed_after_a_rejection() {
    let mut scan = HeadScan::new(ScanLimits::default());
    assert_eq!(scan.next(b"\0").event, Event::Refused(RejectReason::Nul));
    assert_eq!(
        scan.next(b"GET / HTTP/1.1\r\n\r\n").event,
        Event::Refused(RejectReason::Nul)
    );
}

#[test]
fn sizes_are_bounded() {
    let limits = ScanLimits {
        target: 20,
        head: 100,
        fields: 3,
        ..ScanLimits::default()
    };
    let verdict = |stream: &str| {
        let whole = HeadScan::new(limits).next(stream.as_bytes());
        let mut scan = HeadScan::new(limits);
        let mut last = whole.event;
        for byte in stream.as_bytes().chunks(1) {
            last = scan.next(byte).event;
            if last != Event::Partial {
                break;
            }
        }
        assert_eq!(whole.event, last, "{stream:?}");
        last
    };
    assert_eq!(
        verdict("GET /0123456789012345678 HTTP/1.1\r\n\r\n"),
        Event::Head(Framing::Length(0))
    );
    assert_eq!(
        verdict("GET /01234567890123456789 HTTP/1.1\r\n"),
        Event::Refused(RejectReason::TargetTooLong)
    );
    assert_eq!(
        verdict(&"G".repeat(200)),
        Event::Refused(RejectReason::TargetTooLong)
    );
    assert_eq!(
        verdict("GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n"),
        Event::Head(Framing::Length(0))
    );
    assert_eq!(
        verdict("GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n\r\n"),
        Event::Refused(RejectReason::TooManyFields)
    );
    let long = |length: usize| format!("GET / HTTP/1.1\r\na: {}\r\n\r\n", "x".repeat(length));
    let exactly = 100 - long(0).len();
    assert_eq!(verdict(&long(exactly)), Event::Head(Framing::Length(0)));
    assert_eq!(
        verdict(&long(exactly + 1)),
        Event::Refused(RejectReason::HeadTooLarge)
    );
    assert_eq!(verdict(&long(500)), Event::Refused(RejectReason::HeadTooLarge));
}
