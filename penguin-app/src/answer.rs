//! One document as the answer to one request: coding, conditions, ranges.
//!
//! `tower_http::services::ServeDir` would read our bytes through its `Backend`, but it takes its entity tags from
//! size and time of change (which a binary has not, so that two builds could share a tag), asks for a file system
//! shaped as futures and seekable readers around what is a slice here, and leaves `Vary` out of a 304. The rules
//! themselves are three small functions on strings, so they stand here, each with its own tests.

mod conditions;
mod negotiation;
mod range;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE, VARY,
};
use http::{Method, StatusCode};

use crate::document::{Document, Form};
use range::Selection;

/// Answers a GET or HEAD request with a document, or with the reason why not.
///
/// The reasons (406, 412, 416) have no body: the policy on error pages gives them one.
pub fn document(
    document: &Document,
    caching: &'static str,
    method: &Method,
    request: &HeaderMap,
) -> Response {
    let Some(form) = select_form(document, request) else {
        return bare(StatusCode::NOT_ACCEPTABLE);
    };
    let Some(body) = document.body(form) else {
        return bare(StatusCode::NOT_ACCEPTABLE);
    };
    let tag = entity_tag(document, form);
    if let Some(wanted) = joined(request, &IF_MATCH)
        && !conditions::matches_strongly(&wanted, &tag)
    {
        return bare(StatusCode::PRECONDITION_FAILED);
    }
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    insert(headers, ETAG, &tag);
    if !document.encoded.is_empty() {
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    if let Some(known) = joined(request, &IF_NONE_MATCH)
        && conditions::matches_weakly(&known, &tag)
    {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(document.media_type));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Form::Encoded(coding) = form {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    match selection(method, request, &tag, body.len()) {
        Selection::Everything => send(&mut response, method, body.clone()),
        Selection::Part { first, last } => {
            insert(
                headers,
                CONTENT_RANGE,
                &format!("bytes {first}-{last}/{}", body.len()),
            );
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            send(&mut response, method, body.slice(first..=last));
        }
        Selection::Unsatisfiable => {
            let mut refusal = bare(StatusCode::RANGE_NOT_SATISFIABLE);
            insert(
                refusal.headers_mut(),
                CONTENT_RANGE,
                &format!("bytes */{}", body.len()),
            );
            return refusal;
        }
    }
    response
}

/// Fills an answer that is no success with its page.
///
/// Conditions and ranges mean nothing here. Where the request ruled every coding out, the page goes as it is: an
/// error that cannot be read helps nobody.
pub fn error_page(response: &mut Response, page: &Document, method: &Method, request: &HeaderMap) {
    let form = select_form(page, request).unwrap_or(Form::Plain);
    let body = page.body(form).unwrap_or(&page.plain).clone();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(page.media_type));
    if let Form::Encoded(coding) = form {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    if !page.encoded.is_empty() {
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    send(response, method, body);
}

/// An answer that says nothing but its status.
pub fn bare(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The length is that of the body that a GET would have had, so that HEAD tells the truth.
fn send(response: &mut Response, method: &Method, body: Bytes) {
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    if *method != Method::HEAD {
        *response.body_mut() = Body::from(body);
    }
}

/// The form to send, or nothing where the request accepts nothing that we have.
fn select_form(document: &Document, request: &HeaderMap) -> Option<Form> {
    let offered: Vec<_> = document.encoded.iter().map(|(coding, _)| *coding).collect();
    negotiation::select(joined(request, &ACCEPT_ENCODING).as_deref(), &offered)
}

/// Every form is a representation of its own, so each has a strong tag of its own.
fn entity_tag(document: &Document, form: Form) -> String {
    match form {
        Form::Plain => format!("\"{}\"", document.fingerprint),
        Form::Encoded(coding) => format!("\"{}-{}\"", document.fingerprint, coding.name()),
    }
}

fn selection(method: &Method, request: &HeaderMap, tag: &str, length: usize) -> Selection {
    // RFC 9110: a range means something for GET alone, and a repeated header means nothing.
    let mut ranges = request.get_all(RANGE).iter();
    let (Some(range), None, true) = (ranges.next(), ranges.next(), *method == Method::GET) else {
        return Selection::Everything;
    };
    let still_valid = request
        .get(IF_RANGE)
        .is_none_or(|known| known.to_str().is_ok_and(|known| known.trim() == tag));
    match range.to_str() {
        Ok(range) if still_valid => range::select(range, length),
        _ => Selection::Everything,
    }
}

/// The value of a list header, however many lines it came in.
fn joined(headers: &HeaderMap, name: &http::HeaderName) -> Option<String> {
    let mut lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    let mut value = lines.next()?.to_owned();
    for line in lines {
        value.push(',');
        value.push_str(line);
    }
    Some(value)
}

/// Inserts a value made of hexadecimal digits and punctuation, which is always a valid one.
fn insert(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
