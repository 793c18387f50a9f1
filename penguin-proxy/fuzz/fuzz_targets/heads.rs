//! Streams of requests: cut in any way, compared with the parser that the server uses and with AWS's opinion.
#![no_main]

use http::{Method, Request, Version};
use http_desync_guardian::RequestSafetyTier;
use http_desync_guardian::request_analyzer::HttpRequestData;
use libfuzzer_sys::fuzz_target;
use penguin_proxy::head_scan::{Event, Framing, HeadScan, ScanLimits};
use penguin_proxy::request_rules::RequestRules;

fuzz_target!(|input: (&[u8], usize)| {
    let (stream, cut) = input;
    let whole = events(&[stream]);
    let (front, back) = stream.split_at(cut % (stream.len() + 1));
    assert_eq!(whole, events(&[front, back]));
    assert_eq!(whole, events(&stream.chunks(1).collect::<Vec<_>>()));
    let step = HeadScan::new(ScanLimits::default()).next(stream);
    if let Event::Head(framing) = step.event {
        judge(&stream[..step.taken], framing);
    }
});

fn events(pieces: &[&[u8]]) -> Vec<Event> {
    let mut scan = HeadScan::new(ScanLimits {
        head: 400,
        target: 100,
        fields: 8,
        ..ScanLimits::default()
    });
    let mut events = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() {
            let step = scan.next(rest);
            rest = &rest[step.taken..];
            match step.event {
                Event::Partial => assert!(rest.is_empty()),
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

fn judge(head: &[u8], framing: Framing) {
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Request::new(&mut fields);
    assert!(parsed.parse(head).expect("the parser accepts it").is_complete());
    let version = if parsed.version == Some(1) {
        Version::HTTP_11
    } else {
        Version::HTTP_10
    };
    let mut request = Request::builder()
        .method(parsed.method.expect("a method"))
        .uri(parsed.path.expect("a target"))
        .version(version);
    for field in parsed.headers.iter() {
        request = request.header(field.name, field.value);
    }
    let mut parts = request.body(()).expect("a request").into_parts().0;
    assert_eq!(
        parts.headers.contains_key("transfer-encoding"),
        framing == Framing::Chunked
    );

    let methods = vec![
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::OPTIONS,
    ];
    let rules = RequestRules::new(methods, 1 << 20, "localhost").expect("rules");
    let start = head.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(0);
    let tier = HttpRequestData::analyze_raw_request(&head[start..]).tier;
    match rules.admit(&mut parts) {
        Ok(admitted) => {
            assert_ne!(tier, RequestSafetyTier::Severe);
            assert!(admitted.last_on_connection || tier != RequestSafetyTier::Ambiguous);
        }
        Err(refusal) => assert!(refusal.closes() || tier < RequestSafetyTier::Ambiguous),
    }
}
