//! One page: from words and a template to a finished document.
//!
//! It must not know where the page is served from, beyond its own path.

use serde::Serialize;
use tera::{Context, Tera};

use super::content::{Page, Site};

/// What a template may say about the page that it draws.
#[derive(Debug, Clone, Serialize)]
pub struct Heading {
    /// Path on this site.
    pub path: &'static str,
    /// Title, without the name of the school.
    pub title: &'static str,
    /// For search engines and shared links.
    pub description: &'static str,
    /// `YYYY-MM-DD`
    pub updated: &'static str,
    /// Whether search engines should know it.
    pub indexed: bool,
    /// The one address of the page, absolute.
    pub canonical: String,
}

impl Heading {
    /// The heading of a page under the site's public address.
    pub fn of(page: &Page, public_url: &str, indexed: bool) -> Self {
        Self {
            path: page.path,
            title: page.title,
            description: page.description,
            updated: page.updated,
            indexed,
            canonical: format!("{public_url}{}", page.path),
        }
    }
}

/// Draws one page.
pub fn render(
    tera: &Tera,
    page: &Page,
    site: &Site,
    public_url: &str,
    indexed: bool,
) -> Result<String, tera::Error> {
    let mut context = Context::new();
    context.insert("site", site);
    context.insert("page", &Heading::of(page, public_url, indexed));
    context.insert("content", &page.content);
    context.insert("public_url", public_url);
    tera.render(page.template, &context)
}
