//! Every failure looks like the site.
//!
//! Handlers, the router and the layer that catches panics answer with a status and nothing else; the page is filled
//! in here, rendered long before it is needed, so that it cannot fail itself.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};

use super::caching;
use crate::answer;
use crate::router::Shared;

/// Gives a failure without a body its page.
pub async fn fill(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let headers = request.headers().clone();
    let mut response = next.run(request).await;
    let status = response.status();
    let is_failure = status.is_client_error() || status.is_server_error();
    if !is_failure || response.headers().contains_key(CONTENT_TYPE) {
        return response;
    }
    let caching = if status.is_server_error() {
        caching::NEVER
    } else {
        caching::REVALIDATE
    };
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    let mishaps = &shared.publication.view().await.edition.mishaps;
    // A status without a page of its own gets the nearest one.
    let nearest = if status.is_server_error() { 500 } else { 404 };
    if let Some(page) = mishaps.get(&status.as_u16()).or_else(|| mishaps.get(&nearest)) {
        answer::error_page(&mut response, page, &method, &headers);
    }
    response
}

/// What is answered where a handler panicked; the panic itself was logged when it happened.
pub fn after_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    answer::bare(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The mistake in a template, shown to whoever just made it. Only a draft has problems, so no visitor sees this.
pub fn draft_problem(problem: &str, method: &Method) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>The site cannot be rendered</title>\n<h1>The site cannot be \
         rendered</h1>\n<pre>{}</pre>\n<p>Correct it and reload. This page is shown in development only.</p>\n</html>\n",
        escape(problem)
    );
    let mut response = answer::bare(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching::NEVER));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(html.len()));
    if *method != Method::HEAD {
        *response.body_mut() = Body::from(html);
    }
    response
}

fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' | '<' | '>' | '"' | '\'' => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_in_a_message_stays_text() {
        assert_eq!(
            escape("<img src=x onerror='alert(\"&\")'>"),
            "&#60;img src=x onerror=&#39;alert(&#34;&#38;&#34;)&#39;&#62;"
        );
        assert!(matches!(escape("plain"), Cow::Borrowed("plain")));
    }
}
