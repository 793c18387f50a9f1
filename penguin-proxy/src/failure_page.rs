//! What a client sees when the proxy itself answers because something went wrong.
//!
//! A small page, JSON or one line of text, whichever it asked for, with the id under which the logs tell more. Values in, values out. It must not tell
//! anything of the app or of the network behind the proxy.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap,
    HeaderValue, REFERRER_POLICY, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Response, StatusCode};

/// Everything that an answer is made of.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// The status.
    pub status: StatusCode,
    /// The stable code that the log line of this request carries too.
    pub code: &'a str,
    /// One sentence for the client.
    pub explanation: &'a str,
    /// The request's id, if it has one by now.
    pub request_id: Option<&'a HeaderValue>,
    /// When trying again is worth while.
    pub retry_after: Option<Duration>,
    /// The methods there are, for a 405.
    pub allow: Option<&'a HeaderValue>,
}

impl Failure<'_> {
    /// The answer to a request with these fields and this method; a HEAD is told the length and sent no body.
    pub fn respond(&self, method: &Method, request: &HeaderMap) -> Response<Bytes> {
        let shape = Shape::wanted_by(request);
        let body = shape.body(self);
        let length = body.len();
        let mut response = Response::new(if *method == Method::HEAD {
            Bytes::new()
        } else {
            Bytes::from(body)
        });
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(shape.content_type()));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VARY, HeaderValue::from_static("accept"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if shape == Shape::Html {
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
        }
        if let Some(pause) = self.retry_after {
            let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, allow.clone());
        }
        response
    }

    fn id(&self) -> &str {
        self.request_id.and_then(|id| id.to_str().ok()).unwrap_or("-")
    }

    fn title(&self) -> &'static str {
        match self.status {
            StatusCode::NOT_FOUND => "Nobody waddled here before",
            StatusCode::METHOD_NOT_ALLOWED => "This trick is not in our show",
            StatusCode::REQUEST_TIMEOUT => "The request froze on its way",
            StatusCode::PAYLOAD_TOO_LARGE => "That fish is too big for us",
            StatusCode::URI_TOO_LONG => "That address is longer than our pool",
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "Too much luggage for one penguin",
            StatusCode::EXPECTATION_FAILED => "We cannot meet that expectation",
            StatusCode::TOO_MANY_REQUESTS => "One fish at a time, please",
            StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => {
                "We do not speak that dialect"
            }
            StatusCode::BAD_GATEWAY => "We lost our balance on the ice",
            StatusCode::SERVICE_UNAVAILABLE => "The colony is huddling, back in a moment",
            StatusCode::GATEWAY_TIMEOUT => "We waited, and nobody surfaced",
            status if status.is_client_error() => "We could not read that request",
            _ => "Something slipped on the ice",
        }
    }
}

/// The page runs nothing and loads nothing; its one style sheet is inline.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; \
     form-action 'none'";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Html,
    Json,
    Text,
}

impl Shape {
    /// The first of the three that the client names with the highest weight; text for those that do not care,
    /// which are scripts and probes.
    fn wanted_by(request: &HeaderMap) -> Self {
        let mut best = (0, Self::Text);
        for range in request
            .get_all(ACCEPT)
            .iter()
            .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        {
            let mut parts = range.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
            let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
            let shape = match media_type.as_slice() {
                b"text/html" | b"application/xhtml+xml" => Self::Html,
                b"text/plain" => Self::Text,
                b"application/json" => Self::Json,
                _ if media_type.ends_with(b"+json") => Self::Json,
                _ => continue,
            };
            let weight = parts
                .find_map(|part| part.strip_prefix(b"q="))
                .map_or(1000, thousandths);
            if weight > best.0 {
                best = (weight, shape);
            }
        }
        best.1
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/problem+json",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    fn body(self, failure: &Failure<'_>) -> String {
        match self {
            Self::Html => html(failure),
            Self::Json => json(failure),
            Self::Text => format!(
                "{} {} ({}, request {})\n",
                failure.status.as_u16(),
                failure.explanation,
                failure.code,
                failure.id()
            ),
        }
    }
}

/// `0.5` as 500; what is no weight counts as none.
fn thousandths(weight: &[u8]) -> u16 {
    let (whole, fraction) = match weight {
        [whole @ (b'0' | b'1')] => (whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', fraction @ ..] if fraction.len() <= 3 => (whole, fraction),
        _ => return 0,
    };
    if !fraction.iter().all(u8::is_ascii_digit) {
        return 0;
    }
    let mut value = u16::from(whole - b'0') * 1000;
    let mut place = 100;
    for digit in fraction {
        value += u16::from(digit - b'0') * place;
        place /= 10;
    }
    value.min(1000)
}

fn html(failure: &Failure<'_>) -> String {
    let status = failure.status.as_u16();
    let title = failure.title();
    let explanation = escape(failure.explanation);
    let code = escape(failure.code);
    let id = escape(failure.id());
    format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n\
         <title>{title} ({status})</title>\n\
         <style>{STYLE}</style>\n\
         </head>\n\
         <body>\n\
         <main>\n\
         {DRAWING}\n\
         <h1>{title}</h1>\n\
         <p>{explanation}</p>\n\
         <p><small>{status} {code}, request <code>{id}</code></small></p>\n\
         </main>\n\
         </body>\n\
         </html>\n"
    )
}

const STYLE: &str = ":root{color-scheme:light dark;--ice:#eef6fb;--ink:#12263a;--quiet:#3f566b}\
     @media(prefers-color-scheme:dark){:root{--ice:#0d1b28;--ink:#eaf4fb;--quiet:#a9c0d2}}\
     body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--ice);color:var(--ink);\
     font:1.125rem/1.5 system-ui,sans-serif}\
     main{padding:2rem 1.25rem;max-width:34rem;text-align:center}\
     h1{font-size:1.6rem;line-height:1.25;margin:1rem 0 .5rem}p{margin:.5rem 0}\
     small{color:var(--quiet);overflow-wrap:anywhere}svg{width:7rem;height:auto}";

/// A penguin that has just sat down on the ice.
const DRAWING: &str = "<svg viewBox=\"0 0 120 110\" role=\"img\" aria-label=\"A penguin sitting on the ice\">\
     <ellipse cx=\"60\" cy=\"101\" rx=\"54\" ry=\"8\" fill=\"#b9dcf0\"/>\
     <path d=\"M60 8c-17 0-27 13-27 31 0 8-9 20-9 37 0 15 14 24 36 24s36-9 36-24c0-17-9-29-9-37 0-18-10-31-27-31z\" \
     fill=\"#22384d\"/>\
     <path d=\"M60 40c-14 0-23 17-23 33 0 14 9 22 23 22s23-8 23-22c0-16-9-33-23-33z\" fill=\"#fff\"/>\
     <circle cx=\"51\" cy=\"29\" r=\"6\" fill=\"#fff\"/><circle cx=\"69\" cy=\"29\" r=\"6\" fill=\"#fff\"/>\
     <circle cx=\"52\" cy=\"31\" r=\"2.6\" fill=\"#12263a\"/><circle cx=\"68\" cy=\"31\" r=\"2.6\" fill=\"#12263a\"/>\
     <path d=\"M53 40h14l-7 9z\" fill=\"#f2a33a\"/>\
     <ellipse cx=\"40\" cy=\"99\" rx=\"14\" ry=\"6\" fill=\"#f2a33a\"/>\
     <ellipse cx=\"80\" cy=\"99\" rx=\"14\" ry=\"6\" fill=\"#f2a33a\"/></svg>";

/// Text that is safe between tags and in quoted attributes.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// Problem details (RFC 9457).
fn json(failure: &Failure<'_>) -> String {
    let problem = serde_json::json!({
        "type": "about:blank",
        "title": failure.status.canonical_reason().unwrap_or("Error"),
        "status": failure.status.as_u16(),
        "detail": failure.explanation,
        "code": failure.code,
        "request_id": failure.id(),
    });
    format!("{problem}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: &Method, accept: &str) -> Response<Bytes> {
        let id = HeaderValue::from_static("id-1");
        let mut request = HeaderMap::new();
        request.insert(ACCEPT, HeaderValue::from_str(accept).expect("a value"));
        let failure = Failure {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "overloaded",
            explanation: "The site is busy; please try again in a moment.",
            request_id: Some(&id),
            retry_after: Some(Duration::from_millis(1200)),
            allow: None,
        };
        failure.respond(method, &request)
    }

    fn text(response: &Response<Bytes>) -> &str {
        std::str::from_utf8(response.body()).expect("text")
    }

    #[test]
    fn the_shape_is_the_one_asked_for() {
        for (accept, content_type) in [
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                "text/html; charset=utf-8",
            ),
            ("application/json", "application/problem+json"),
            ("application/vnd.api+json", "application/problem+json"),
            ("*/*", "text/plain; charset=utf-8"),
            (
                "text/html;q=0.1, application/json;q=0.2",
                "application/problem+json",
            ),
            ("text/html;q=0", "text/plain; charset=utf-8"),
            ("text/html;q=7", "text/plain; charset=utf-8"),
            ("", "text/plain; charset=utf-8"),
        ] {
            assert_eq!(
                answer(&Method::GET, accept).headers()[CONTENT_TYPE],
                content_type,
                "{accept}"
            );
        }
    }

    #[test]
    fn bodies() {
        insta::assert_snapshot!(text(&answer(&Method::GET, "*/*")), @"503 The site is busy; please try again in a moment. (overloaded, request id-1)");
        insta::assert_snapshot!(text(&answer(&Method::GET, "application/json")), @r#"{"code":"overloaded","detail":"The site is busy; please try again in a moment.","request_id":"id-1","status":503,"title":"Service Unavailable","type":"about:blank"}"#);
        let page = answer(&Method::GET, "text/html");
        assert!(text(&page).contains("<h1>The colony is huddling, back in a moment</h1>"));
        assert!(text(&page).contains("request <code>id-1</code>"));
        assert_eq!(
            page.headers()[CONTENT_LENGTH],
            page.body().len().to_string().as_str()
        );
        assert_eq!(page.headers()[RETRY_AFTER], "2", "never sooner than meant");
        assert_eq!(page.headers()[CACHE_CONTROL], "no-store");
    }

    #[test]
    fn a_head_is_told_the_length_only() {
        let head = answer(&Method::HEAD, "text/html");
        assert!(head.body().is_empty());
        assert_eq!(
            head.headers()[CONTENT_LENGTH],
            answer(&Method::GET, "text/html").headers()[CONTENT_LENGTH]
        );
    }

    #[test]
    fn nothing_from_the_request_becomes_markup() {
        let id = HeaderValue::from_static("<script>\"&'");
        let failure = Failure {
            status: StatusCode::BAD_REQUEST,
            code: "a<b",
            explanation: "x>y",
            request_id: Some(&id),
            retry_after: None,
            allow: None,
        };
        let page = html(&failure);
        assert!(
            page.contains("&lt;script&gt;&quot;&amp;&#39;")
                && page.contains("x&gt;y")
                && page.contains("a&lt;b")
        );
        assert!(!page.contains("<script>"));
    }
}
