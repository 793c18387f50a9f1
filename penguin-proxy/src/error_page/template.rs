//! Template of the HTML error page: the built-in neutral one, or the site's own.
//!
//! Placeholders are `{{status}}`, `{{title}}`, `{{explanation}}`, `{{code}}` and `{{request_id}}`; their values are
//! escaped.

use std::sync::Arc;

use super::ErrorResponse;

/// Bytes of a template: more is no page for a site in trouble.
pub(crate) const LARGEST: usize = 64 * 1024;

/// A page whose placeholders have been checked.
#[derive(Clone, Debug)]
pub struct ErrorPage(Arc<[Part]>);

#[derive(Debug)]
enum Part {
    Text(String),
    Status,
    Title,
    Explanation,
    Code,
    RequestId,
}

/// A template that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPage {
    /// Larger than allowed.
    #[error("is larger than 64 KiB")]
    TooLarge,
    /// Bytes that are no text.
    #[error("is not UTF-8")]
    Encoding,
    /// A placeholder without a meaning.
    #[error("has an unknown placeholder {{{{{0}}}}}")]
    Placeholder(String),
    /// Opening braces without closing ones.
    #[error("has a placeholder that does not end")]
    Unfinished,
}

impl Default for ErrorPage {
    /// The neutral page.
    fn default() -> Self {
        Self::parse(include_str!("neutral.html")).unwrap_or(Self(Arc::from([Part::Explanation])))
    }
}

impl ErrorPage {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// If it is too large, or a placeholder is unknown or does not end.
    pub fn parse(template: &str) -> Result<Self, InvalidPage> {
        if template.len() > LARGEST {
            return Err(InvalidPage::TooLarge);
        }
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((text, after)) = rest.split_once("{{") {
            parts.push(Part::Text(text.to_owned()));
            let (name, after) = after.split_once("}}").ok_or(InvalidPage::Unfinished)?;
            parts.push(match name.trim() {
                "status" => Part::Status,
                "title" => Part::Title,
                "explanation" => Part::Explanation,
                "code" => Part::Code,
                "request_id" => Part::RequestId,
                other => return Err(InvalidPage::Placeholder(other.to_owned())),
            });
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(Arc::from(parts)))
    }

    /// Fills in the placeholders.
    pub(super) fn render(&self, error: &ErrorResponse<'_>) -> String {
        let mut page = String::with_capacity(4096);
        for part in &*self.0 {
            match part {
                Part::Text(text) => page.push_str(text),
                Part::Status => page.push_str(error.status.as_str()),
                Part::Title => escape(error.title(), &mut page),
                Part::Explanation => escape(error.explanation, &mut page),
                Part::Code => escape(error.code, &mut page),
                Part::RequestId => escape(error.id(), &mut page),
            }
        }
        page
    }
}

/// Appends text so that it is safe between tags and in quoted attributes.
fn escape(text: &str, page: &mut String) {
    for character in text.chars() {
        match character {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            other => page.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::*;

    fn error(id: &HeaderValue) -> ErrorResponse<'_> {
        ErrorResponse {
            status: StatusCode::BAD_REQUEST,
            code: "a<b",
            explanation: "x>y",
            request_id: Some(id),
            retry_after: None,
            allow: None,
        }
    }

    #[test]
    fn placeholders_are_filled_in() {
        let id = HeaderValue::from_static("id-1");
        let page =
            ErrorPage::parse("{{status}} {{ title }}: {{explanation}} ({{code}}, {{request_id}})}}").unwrap();
        assert_eq!(
            page.render(&error(&id)),
            "400 Bad Request: x&gt;y (a&lt;b, id-1)}}"
        );
        assert_eq!(ErrorPage::parse("plain").unwrap().render(&error(&id)), "plain");
    }

    #[test]
    fn unusable_templates_are_rejected() {
        for (template, expected) in [
            ("{{statsu}}", InvalidPage::Placeholder("statsu".to_owned())),
            ("{{}}", InvalidPage::Placeholder(String::new())),
            ("a {{status", InvalidPage::Unfinished),
            (&*"x".repeat(LARGEST + 1), InvalidPage::TooLarge),
        ] {
            assert_eq!(ErrorPage::parse(template).unwrap_err(), expected);
        }
        assert!(ErrorPage::parse(&"x".repeat(LARGEST)).is_ok());
    }

    #[test]
    fn nothing_from_the_request_becomes_markup() {
        let id = HeaderValue::from_static("<script>\"&'");
        let page = ErrorPage::default().render(&error(&id));
        for escaped in ["&lt;script&gt;&quot;&amp;&#39;", "x&gt;y", "a&lt;b"] {
            assert!(page.contains(escaped), "{page}");
        }
        assert!(!page.contains("<script>"));
    }

    #[test]
    fn neutral_page_names_no_site() {
        let page = ErrorPage::default().render(&error(&HeaderValue::from_static("id-1")));
        assert!(
            page.starts_with("<!doctype html>") && page.contains("<h1>Bad Request</h1>"),
            "{page}"
        );
        assert!(!page.to_lowercase().contains("penguin"), "{page}");
    }

    #[test]
    fn page_of_the_site_can_be_used() {
        let id = HeaderValue::from_static("id-1");
        let page = ErrorPage::parse(include_str!("../../error-page.html")).unwrap();
        assert!(page.render(&error(&id)).contains("penguin"));
    }
}
