//! The documents by which machines find their way: robots.txt, sitemap, security.txt, web manifest.
//!
//! They are templates like the pages, in `templates/discovery/`. It must not know when the site is served.

use std::time::{Duration, SystemTime};

use tera::{Context, Tera};

use super::content::{Page, Site};
use super::page::Heading;

/// Where each is served, which template writes it, and its media type.
pub const DOCUMENTS: [(&str, &str, &str); 4] = [
    ("/robots.txt", "discovery/robots.txt", "text/plain; charset=utf-8"),
    ("/sitemap.xml", "discovery/sitemap.xml", "application/xml"),
    (
        "/.well-known/security.txt",
        "discovery/security.txt",
        "text/plain; charset=utf-8",
    ),
    (
        "/site.webmanifest",
        "discovery/site.webmanifest",
        "application/manifest+json",
    ),
];

/// How long a security.txt is good for; RFC 9116 recommends less than a year.
const SECURITY_TXT_LIFE: Duration = Duration::from_secs(300 * DAY);
const DAY: u64 = 24 * 60 * 60;

/// Writes one of the documents.
pub fn render(
    tera: &Tera,
    template: &str,
    site: &Site,
    pages: &[Page],
    public_url: &str,
    now: SystemTime,
) -> Result<String, tera::Error> {
    let headings: Vec<_> = pages
        .iter()
        .map(|page| Heading::of(page, public_url, true))
        .collect();
    let mut context = Context::new();
    context.insert("site", site);
    context.insert("pages", &headings);
    context.insert("public_url", public_url);
    context.insert("expires", &expires(now));
    tera.render(template, &context)
}

/// Midnight, so that two tasks started on one day serve the same bytes.
fn expires(now: SystemTime) -> String {
    let seconds = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let midnight = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds - seconds % DAY);
    humantime::format_rfc3339_seconds(midnight + SECURITY_TXT_LIFE).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expires_at_a_midnight_within_a_year() {
        let noon = humantime::parse_rfc3339("2026-11-23T12:34:56Z").unwrap();
        assert_eq!(expires(noon), "2027-09-19T00:00:00Z");
    }
}
