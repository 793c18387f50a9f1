//! One edition of the site: everything that can be served, rendered and compressed.
//!
//! An edition is complete or it is not made at all. It must not know HTTP, nor when it is replaced.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::SystemTime;

use tera::Tera;
use thiserror::Error;

use super::content::{self, Page};
use super::{discovery, page, refusals, templates};
use crate::assets::Assets;
use crate::coding::Effort;
use crate::document::Document;
use crate::sources::Sources;

const HTML: &str = "text/html; charset=utf-8";

/// Every document of the site.
#[derive(Debug)]
pub struct Edition {
    /// Path → page.
    pub pages: HashMap<&'static str, Document>,
    /// Status → error page.
    pub mishaps: HashMap<u16, Document>,
    /// Path → robots.txt and its kind.
    pub discovery: HashMap<&'static str, Document>,
    /// Everything below `/static/`.
    pub assets: Arc<Assets>,
}

/// Everything that kept an edition from being made, at once.
#[derive(Debug, Error)]
pub struct EditionError {
    problems: Vec<Problem>,
}

#[derive(Debug, PartialEq)]
struct Problem {
    /// The first document that could not be made, and how many more had the same trouble.
    document: Option<&'static str>,
    others: usize,
    message: String,
}

impl fmt::Display for EditionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().enumerate() {
            if number > 0 {
                formatter.write_str("\n\n")?;
            }
            match (problem.document, problem.others) {
                (None, _) => writeln!(formatter, "the templates cannot be read")?,
                (Some(document), 0) => writeln!(formatter, "{document} cannot be rendered")?,
                (Some(document), others) => {
                    writeln!(formatter, "{document} and {others} more cannot be rendered")?;
                }
            }
            formatter.write_str(&problem.message)?;
        }
        Ok(())
    }
}

impl Edition {
    /// Renders everything there is.
    ///
    /// `effort` is how hard to compress; `None` leaves everything as it is.
    pub fn render(
        sources: Sources,
        public_url: &str,
        effort: Option<Effort>,
        now: SystemTime,
    ) -> Result<Self, EditionError> {
        let assets = Arc::new(sources.assets);
        let tera =
            templates::engine(&sources.templates, &assets, public_url).map_err(|error| EditionError {
                problems: vec![Problem {
                    document: None,
                    others: 0,
                    message: explain(&error),
                }],
            })?;
        let mut press = Press {
            tera,
            public_url,
            effort,
            problems: Vec::new(),
        };
        let pages = content::pages();
        let edition = Self {
            mishaps: press.mishaps(),
            discovery: press.discovery(&pages, now),
            pages: press.pages(&pages),
            assets,
        };
        if press.problems.is_empty() {
            Ok(edition)
        } else {
            Err(EditionError {
                problems: press.problems,
            })
        }
    }
}

/// Renders one document after the other and remembers what went wrong.
struct Press<'a> {
    tera: Tera,
    public_url: &'a str,
    effort: Option<Effort>,
    problems: Vec<Problem>,
}

impl Press<'_> {
    fn pages(&mut self, pages: &[Page]) -> HashMap<&'static str, Document> {
        pages
            .iter()
            .filter_map(|page| Some((page.path, self.page(page, true)?)))
            .collect()
    }

    fn mishaps(&mut self) -> HashMap<u16, Document> {
        let mut mishaps = refusals::pages();
        mishaps.extend([(404, content::not_found()), (500, content::server_error())]);
        mishaps
            .iter()
            .filter_map(|(status, page)| Some((*status, self.page(page, false)?)))
            .collect()
    }

    fn discovery(&mut self, pages: &[Page], now: SystemTime) -> HashMap<&'static str, Document> {
        let site = content::site();
        discovery::DOCUMENTS
            .into_iter()
            .filter_map(|(path, template, media_type)| {
                let text = discovery::render(&self.tera, template, &site, pages, self.public_url, now);
                Some((path, self.finish(path, media_type, text)?))
            })
            .collect()
    }

    fn page(&mut self, page: &Page, indexed: bool) -> Option<Document> {
        let html = page::render(&self.tera, page, &content::site(), self.public_url, indexed);
        self.finish(page.path, HTML, html)
    }

    fn finish(
        &mut self,
        path: &'static str,
        media_type: &'static str,
        text: Result<String, tera::Error>,
    ) -> Option<Document> {
        match text {
            Ok(text) => Some(match self.effort {
                None => Document::plain(media_type, text),
                Some(effort) => Document::compressed(media_type, text, effort),
            }),
            Err(error) => {
                self.note(path, explain(&error));
                None
            }
        }
    }

    /// A mistake in the layout breaks every page; it is reported once.
    fn note(&mut self, document: &'static str, message: String) {
        match self.problems.iter_mut().find(|known| known.message == message) {
            Some(known) => known.others += 1,
            None => self.problems.push(Problem {
                document: Some(document),
                others: 0,
                message,
            }),
        }
    }
}

/// How many mistakes are shown of those that the engine reports in one breath.
const SHOWN: usize = 4;

/// Tera's message with the excerpt of the template, and whatever caused it.
fn explain(error: &tera::Error) -> String {
    let all = error.to_string();
    let mistakes: Vec<_> = all.split("\n\nerror: ").collect();
    let mut text = mistakes
        .get(..SHOWN.min(mistakes.len()))
        .unwrap_or_default()
        .join("\n\nerror: ");
    if mistakes.len() > SHOWN {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n\nand {} more like these", mistakes.len() - SHOWN);
    }
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str("\ncaused by: ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
