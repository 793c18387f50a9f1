//! Chunked bodies: where the scanner says that one ends, a reader without any tolerance must end too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use penguin_proxy::head_scan::{Event, HeadScan, ScanLimits};

fuzz_target!(|body: &[u8]| {
    let mut scan = HeadScan::new(ScanLimits::default());
    scan.next(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    let step = scan.next(body);
    if step.event == Event::End {
        assert_eq!(end_of_chunked(body), Some(step.taken));
    }
});

fn end_of_chunked(body: &[u8]) -> Option<usize> {
    let line = |at: usize| {
        let length = body[at..].windows(2).position(|pair| pair == b"\r\n")?;
        Some((&body[at..at + length], at + length + 2))
    };
    let mut at = 0;
    loop {
        let (size_line, next) = line(at)?;
        let size = size_line.split(|&byte| byte == b';').next()?;
        let size = u64::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()?;
        at = next;
        if size == 0 {
            break;
        }
        at += usize::try_from(size).ok()?;
        if body.get(at..at + 2)? != b"\r\n" {
            return None;
        }
        at += 2;
    }
    loop {
        let (trailer, next) = line(at)?;
        at = next;
        if trailer.is_empty() {
            return Some(at);
        }
    }
}
