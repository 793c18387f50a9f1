//! A body that can be served, in every encoding that pays, and the responses made from it.
//!
//! Not `tower_http::services::ServeDir`: its entity tags come from size and time of change, which embedded files do
//! not have, its 304 lacks `Vary`, and it ignores `If-Range`.

mod negotiation;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, IF_RANGE, RANGE, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::encoding::{self, Effort, Encoding};

/// `Content-Type` of pages.
pub const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// `Cache-Control` of an asset under its hashed name: its content never changes.
pub const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// `Cache-Control` of what may change: keep it, but revalidate before use.
pub const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
/// `Cache-Control` of what holds for the moment only.
pub const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// One body in every encoding that pays.
#[derive(Debug, Clone)]
pub struct Representation {
    /// Value of `Content-Type`.
    pub media_type: HeaderValue,
    /// Sixteen hexadecimal digits that change whenever the content does.
    pub content_hash: String,
    plain: Variant,
    encoded: Vec<(Encoding, Variant)>,
}

/// One encoding of a body. Each has a strong entity tag of its own.
#[derive(Debug, Clone)]
struct Variant {
    body: Bytes,
    etag: Option<HeaderValue>,
}

impl Representation {
    /// Returns a representation of `plain` in every encoding for which there is an encoded body.
    pub fn new(media_type: HeaderValue, plain: Bytes, encoded: impl Fn(Encoding) -> Option<Bytes>) -> Self {
        let mut content_hash = format!("{:x}", Sha256::digest(&plain));
        content_hash.truncate(16);
        let variant = |body, suffix: &str| Variant {
            body,
            etag: HeaderValue::try_from(format!("\"{content_hash}{suffix}\"")).ok(),
        };
        let encoded = Encoding::ALL.map(|encoding| {
            let suffix = format!("-{}", encoding.name());
            Some((encoding, variant(encoded(encoding)?, &suffix)))
        });
        Self {
            media_type,
            plain: variant(plain, ""),
            encoded: encoded.into_iter().flatten().collect(),
            content_hash,
        }
    }

    /// Returns a representation that is compressed now, where an effort is given.
    pub fn compressed(media_type: HeaderValue, plain: impl Into<Bytes>, effort: Option<Effort>) -> Self {
        let plain = plain.into();
        let encode = |encoding| encoding::encode(encoding, effort?, &plain).map(Bytes::from);
        Self::new(media_type, plain.clone(), encode)
    }

    /// Responds with a page that was rendered for this request.
    ///
    /// Its tag is weak, because `CompressionLayer` chooses the encoding later.
    pub fn dynamic_page(html: String, request: &HeaderMap) -> Response {
        let mut page = Self::compressed(HTML, html, None);
        page.plain.etag = HeaderValue::try_from(format!("W/\"{}\"", page.content_hash)).ok();
        page.respond(request, NO_CACHE)
    }

    /// Returns the body in one encoding, `None` being identity.
    pub fn body(&self, encoding: Option<Encoding>) -> Option<&Bytes> {
        self.variant(encoding).map(|variant| &variant.body)
    }

    /// Responds with the representation: 200, or 304 where the client has it already.
    pub fn respond(&self, request: &HeaderMap, cache_control: HeaderValue) -> Response {
        let mut response = Response::default();
        self.fill(&mut response, request);
        let etag = self.negotiate(request).1.etag.clone();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, cache_control);
        if etag.as_ref().is_some_and(|etag| if_none_match(request, etag)) {
            // `Content-Length` stays: axum would add the length of the empty body.
            headers.remove(CONTENT_TYPE);
            headers.remove(CONTENT_ENCODING);
            *response.body_mut() = Body::empty();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        response.headers_mut().extend(etag.map(|etag| (ETAG, etag)));
        response
    }

    /// Responds like [`respond`](Self::respond), and to a `Range` with the part that it asks for.
    pub fn respond_with_ranges(&self, request: &Request, cache_control: HeaderValue) -> Response {
        let mut response = self.respond(request.headers(), cache_control);
        if response.status() != StatusCode::OK {
            return response;
        }
        let headers = response.headers_mut();
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let if_range = request.headers().get(IF_RANGE);
        // RFC 9110, 14.2: a range is defined for GET only.
        let applies =
            request.method() == Method::GET && (if_range.is_none() || if_range == headers.get(ETAG));
        let range = request.headers().get(RANGE).filter(|_| applies);
        let range = range.and_then(|range| http_range_header::parse_range_header(range.to_str().ok()?).ok());
        // Several ranges at once get the whole body, as the RFC allows.
        let Some(range) = range.filter(|range| range.ranges.len() == 1) else {
            return response;
        };
        let body = &self.negotiate(request.headers()).1.body;
        let part = range
            .validate(body.len() as u64)
            .ok()
            .and_then(|ranges| ranges.first().cloned());
        let content_range = if let Some(part) = part {
            let (first, last) = part.into_inner();
            let part = usize::try_from(first).unwrap_or_default()..=usize::try_from(last).unwrap_or_default();
            let part = body.slice(part);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            response.headers_mut().insert(CONTENT_LENGTH, part.len().into());
            *response.body_mut() = part.into();
            format!("bytes {first}-{last}/{}", body.len())
        } else {
            response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            format!("bytes */{}", body.len())
        };
        let content_range = HeaderValue::try_from(content_range).ok();
        response
            .headers_mut()
            .extend(content_range.map(|range| (CONTENT_RANGE, range)));
        response
    }

    /// Puts the body into a response, with the headers that describe it.
    pub fn fill(&self, response: &mut Response, request: &HeaderMap) {
        let (encoding, variant) = self.negotiate(request);
        *response.body_mut() = variant.body.clone().into();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.media_type.clone());
        headers.insert(CONTENT_LENGTH, variant.body.len().into());
        if !self.encoded.is_empty() {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        let encoding = encoding.map(|encoding| HeaderValue::from_static(encoding.name()));
        headers.extend(encoding.map(|name| (CONTENT_ENCODING, name)));
    }

    fn negotiate(&self, request: &HeaderMap) -> (Option<Encoding>, &Variant) {
        let offered = self.encoded.iter().map(|(encoding, _)| *encoding);
        let chosen = negotiation::select(request, offered);
        (chosen, self.variant(chosen).unwrap_or(&self.plain))
    }

    fn variant(&self, encoding: Option<Encoding>) -> Option<&Variant> {
        let Some(wanted) = encoding else {
            return Some(&self.plain);
        };
        let found = self.encoded.iter().find(|(encoding, _)| *encoding == wanted);
        found.map(|(_, variant)| variant)
    }
}

/// Whether `If-None-Match` names the tag. The comparison is weak (RFC 9110, 13.1.2): intermediaries weaken tags.
fn if_none_match(request: &HeaderMap, etag: &HeaderValue) -> bool {
    fn opaque(tag: &[u8]) -> &[u8] {
        tag.strip_prefix(b"W/").unwrap_or(tag)
    }
    let lines = request.get_all(IF_NONE_MATCH).iter();
    // Ours hold hexadecimal digits and a name, so a comma inside a tag cannot belong to one that matches.
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .any(|known| known == b"*" || opaque(known) == opaque(etag.as_bytes()))
}

#[cfg(test)]
mod tests;
