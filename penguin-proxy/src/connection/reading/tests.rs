//! What is forwarded, kept and refused, however the bytes are cut.

use super::*;

/// Room for so many bytes.
struct Out(Vec<u8>, usize);

impl Room for Out {
    fn room(&self) -> usize {
        self.1 - self.0.len()
    }

    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// An inbox that has looked at bytes, and what it forwarded.
fn after(bytes: &[u8]) -> (Inbox, Vec<u8>) {
    let mut inbox = Inbox::new();
    let mut out = Out(Vec::new(), 1 << 16);
    inbox.look_at(bytes, &mut out);
    (inbox, out.0)
}

const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";

#[test]
fn pipelined_bytes_wait_for_the_response() {
    let (mut inbox, out) = after(&[REQUEST, b"\0\0"].concat());
    assert_eq!(out, REQUEST);
    assert_eq!(inbox.reading(), Reading::Paused);
    assert!(inbox.response_sent(), "nobody else wakes the task");
    assert_eq!(inbox.reading(), Reading::Head);
    let ahead = inbox.take_ahead();
    inbox.look_at(&ahead, &mut Out(Vec::new(), 100));
    assert!(matches!(inbox.reading(), Reading::Refused { in_body: false, .. }));
    assert_eq!(inbox.into_unread(), b"\0\0".as_slice());
}

#[test]
fn socket_wakes_the_task_of_a_silent_client() {
    let (mut inbox, _) = after(REQUEST);
    assert_eq!(inbox.reading(), Reading::Response);
    assert!(!inbox.response_sent());
    assert_eq!(inbox.reading(), Reading::Head);
    assert!(!inbox.has_some());
}

#[test]
fn fin_behind_a_request_is_kept() {
    let (mut inbox, _) = after(REQUEST);
    inbox.keep(b"");
    assert_eq!(inbox.reading(), Reading::Paused);
    assert!(inbox.is_at_end() && inbox.response_sent());
}

#[test]
fn early_response_leaves_the_body_unread() {
    let (mut inbox, _) = after(&REQUEST[..REQUEST.len() - 1]);
    assert_eq!(inbox.reading(), Reading::Body);
    assert!(!inbox.response_sent());
    assert_eq!(inbox.reading(), Reading::Body);
}

#[test]
fn head_is_passed_whole_and_overflow_is_kept() {
    let mut inbox = Inbox::new();
    let mut out = Out(Vec::new(), 10);
    for byte in &REQUEST[..REQUEST.len() - 6] {
        inbox.look_at(&[*byte], &mut out);
        assert_eq!((out.0.len(), inbox.reading()), (0, Reading::Head));
    }
    inbox.look_at(&REQUEST[REQUEST.len() - 6..], &mut out);
    assert_eq!(out.0, REQUEST[..10]);
    assert_eq!(inbox.passed(), &REQUEST[10..]);
    assert_eq!(inbox.reading(), Reading::Response);
}

#[test]
fn http2_preface_is_recognized_only_at_the_start() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for cut in 0..preface.len() {
        let (mut inbox, out) = after(&preface[..cut]);
        inbox.look_at(&preface[cut..], &mut Out(Vec::new(), 100));
        assert_eq!((inbox.reading(), out.len()), (Reading::Http2, 0), "{cut}");
        assert_eq!(inbox.into_unread(), preface.as_slice());
    }
    let version = Reading::Refused {
        refusal: RejectReason::Version,
        in_body: false,
    };
    let (mut short, _) = after(&preface[..20]);
    assert_eq!(short.reading(), Reading::Preface);
    short.end();
    assert_eq!(short.reading(), version);
    let (other, _) = after(b"GET / HTTP/2.0\r\nHost: a\r\n\r\n");
    assert_eq!(other.reading(), version);
    let (mut late, _) = after(REQUEST);
    late.response_sent();
    late.look_at(preface, &mut Out(Vec::new(), 100));
    assert_eq!(late.reading(), version, "HTTP/2 begins with the connection");
}

#[test]
fn error_in_a_body_is_reported_by_the_body() {
    let (inbox, _) = after(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n");
    assert!(matches!(inbox.reading(), Reading::Refused { in_body: true, .. }));
}

#[test]
fn idle_inbox_holds_no_memory() {
    let mut inbox = Inbox::new();
    for cut in [1, 20, REQUEST.len() - 2, REQUEST.len()] {
        let mut out = Out(Vec::new(), 1 << 16);
        inbox.look_at(&REQUEST[..cut], &mut out);
        inbox.look_at(&REQUEST[cut..], &mut out);
        inbox.keep(REQUEST);
        assert!(inbox.response_sent() && inbox.held() > 0);
        let ahead = inbox.take_ahead();
        inbox.look_at(&ahead, &mut out);
        assert_eq!(out.0, [REQUEST, REQUEST].concat());
        inbox.response_sent();
        assert_eq!((inbox.held(), inbox.reading()), (0, Reading::Head), "{cut}");
    }
}
