//! Two opinions about the same bytes: ours, and that of the code with which AWS's load balancers classify requests.

use http::request::Parts;
use http::{Method, Request, Version};
use http_desync_guardian::RequestSafetyTier;
use http_desync_guardian::request_analyzer::HttpRequestData;
use penguin_proxy::head_scan::{Event, HeadScan, ScanLimits};
use penguin_proxy::reject_reason::RejectReason;
use penguin_proxy::request_rules::RequestRules;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The head has not ended.
    Unfinished,
    /// The app does not see it.
    Refused(RejectReason),
    /// The app sees it; afterwards the connection is closed, or kept.
    Admitted { closes: bool },
}

/// Our opinion: the raw bytes, the parser that the server uses, the rules.
pub(super) fn fate(bytes: &[u8]) -> Fate {
    let mut scan = HeadScan::new(ScanLimits::default());
    let step = scan.next(bytes);
    match step.event {
        Event::Refused(refusal) => Fate::Refused(refusal),
        Event::Head(_) => {
            let mut head = parse(&bytes[..step.taken]);
            match rules().admit(&mut head) {
                Ok(admitted) => Fate::Admitted {
                    closes: admitted.last_on_connection,
                },
                Err(refusal) => Fate::Refused(refusal),
            }
        }
        Event::Partial | Event::End => Fate::Unfinished,
    }
}

/// AWS's opinion about a head.
pub(super) fn tier(bytes: &[u8]) -> RequestSafetyTier {
    let head = HeadScan::new(ScanLimits::default()).next(bytes);
    let head = if head.taken > 0 {
        &bytes[..head.taken]
    } else {
        bytes
    };
    // Empty lines before the request line are skipped by both sides of the wire.
    let start = head.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(0);
    HttpRequestData::analyze_raw_request(&head[start..]).tier
}

/// The rules as they are by default.
pub(super) fn rules() -> RequestRules {
    let methods = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    RequestRules::new(methods.to_vec(), 1024 * 1024, "localhost").unwrap()
}

/// A head that the scanner has accepted must be accepted by the parser behind it too: the parser's own refusals
/// could be neither logged nor explained.
pub(super) fn parse(head: &[u8]) -> Parts {
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Request::new(&mut fields);
    let status = parsed
        .parse(head)
        .unwrap_or_else(|error| panic!("{error}: {}", head.escape_ascii()));
    assert!(status.is_complete(), "{}", head.escape_ascii());
    let mut request = Request::builder()
        .method(parsed.method.unwrap())
        .uri(parsed.path.unwrap())
        .version(if parsed.version == Some(1) {
            Version::HTTP_11
        } else {
            Version::HTTP_10
        });
    for field in parsed.headers.iter() {
        request = request.header(field.name, field.value);
    }
    request
        .body(())
        .unwrap_or_else(|error| panic!("{error}: {}", head.escape_ascii()))
        .into_parts()
        .0
}
