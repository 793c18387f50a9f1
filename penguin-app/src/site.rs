//! The site of one set of source files: static pages rendered, dynamic pages ready to render.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use tera::{Context, Tera, TeraResult};
use thiserror::Error;

use crate::assets::{self, Assets};
use crate::config::{Config, Indexing};
use crate::content::{Content, ContentError, ErrorPage, Page};
use crate::encoding::Effort;
use crate::representation::{HTML, Representation};
use crate::source;
use crate::templates;

/// Documents for machines that are rendered at start: path and template.
const DOCUMENTS: [(&str, &str); 3] = [
    ("/robots.txt", "well_known/robots.txt"),
    ("/sitemap.xml", "well_known/sitemap.xml"),
    ("/site.webmanifest", "well_known/site.webmanifest"),
];

/// Everything that can be served.
#[derive(Debug)]
pub struct RenderedSite {
    /// The lists of the site.
    pub content: Content,
    /// The files of `static/`.
    pub assets: Arc<Assets>,
    /// Path → what does not depend on a request: static pages, `robots.txt` and its like.
    pub documents: BTreeMap<String, Representation>,
    /// Status → error page.
    pub error_pages: BTreeMap<u16, Representation>,
    tera: Tera,
}

/// Why there is nothing to serve.
#[derive(Debug, Error)]
pub enum SiteError {
    /// The source files cannot be read.
    #[error("{0}")]
    Source(#[from] io::Error),
    /// A content file is wrong.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// An asset has a file extension without a media type.
    #[error("static/{0}: unknown file extension: rename or remove the file")]
    UnknownExtension(String),
    /// Templates cannot be parsed.
    #[error("cannot parse templates")]
    Parse(#[source] tera::Error),
    /// A document cannot be rendered.
    #[error("cannot render {document}")]
    Render {
        /// Path of the document.
        document: String,
        /// Template, line and column, and what is wrong.
        source: tera::Error,
    },
}

impl RenderedSite {
    /// Renders everything that does not depend on a request: the files of a checkout where the configuration names
    /// one, otherwise those in the binary. Only the latter are compressed.
    pub fn render(config: &Config) -> Result<Self, SiteError> {
        let ([content, templates, assets], effort) = match &config.source_dir {
            Some(root) => (source::read(root)?, None),
            None => (source::embedded(), Some(Effort::Quick)),
        };
        let content = Content::read(&content)?;
        let assets = Arc::new(Assets::new(&assets).map_err(SiteError::UnknownExtension)?);
        let mut tera =
            templates::engine(&templates, &assets, &config.public_url).map_err(SiteError::Parse)?;
        *tera.global_context() = globals(&content, config).map_err(SiteError::Parse)?;
        let mut site = Self {
            content,
            assets,
            documents: BTreeMap::new(),
            error_pages: BTreeMap::new(),
            tera,
        };
        site.documents = site.render_documents(effort)?;
        site.error_pages = site.render_error_pages(effort)?;
        Ok(site)
    }

    /// Renders the page at `path`, static or dynamic, with the values of `context` besides those that every page has.
    pub fn render_page(&self, path: &str, mut context: Context) -> Result<String, SiteError> {
        let page = self.page(path).ok_or_else(|| SiteError::Render {
            document: path.to_owned(),
            source: tera::Error::message("pages.toml has no page with this path"),
        })?;
        context.insert("page", page);
        self.render_template(path, &page.template, &context)
    }

    /// Renders a template that is not a page.
    pub fn render_template(&self, path: &str, template: &str, values: &Context) -> Result<String, SiteError> {
        let rendered = self.tera.render(template, values);
        rendered.map_err(|source| SiteError::Render {
            document: path.to_owned(),
            source,
        })
    }

    /// Returns the entry of the page at `path`.
    pub fn page(&self, path: &str) -> Option<&Page> {
        self.content.pages.iter().find(|page| page.path.as_str() == path)
    }

    fn render_documents(
        &self,
        effort: Option<Effort>,
    ) -> Result<BTreeMap<String, Representation>, SiteError> {
        let mut documents = BTreeMap::new();
        for page in self.content.pages.iter().filter(|page| !page.dynamic) {
            let path = page.path.as_str();
            let mut context = Context::new();
            if let Some(class) = self.content.classes.iter().find(|class| class.path == path) {
                context.insert("class", class);
            }
            let html = self.render_page(path, context)?;
            documents.insert(path.to_owned(), Representation::compressed(HTML, html, effort));
        }
        for (path, template) in DOCUMENTS {
            let text = self.render_template(path, template, &Context::new())?;
            let media_type = assets::media_type(path).unwrap_or(HTML);
            let document = Representation::compressed(media_type, text, effort);
            documents.insert(path.to_owned(), document);
        }
        Ok(documents)
    }

    fn render_error_pages(&self, effort: Option<Effort>) -> Result<BTreeMap<u16, Representation>, SiteError> {
        let render = |page: &ErrorPage| {
            let mut context = Context::new();
            context.insert("page", page);
            let name = format!("the page of error {}", page.status);
            let html = self.render_template(&name, "errors/error.html", &context)?;
            Ok((page.status, Representation::compressed(HTML, html, effort)))
        };
        self.content.errors.iter().map(render).collect()
    }
}

/// Returns what every template may use: the lists of the content files by their names, and a few settings.
fn globals(content: &Content, config: &Config) -> TeraResult<Context> {
    let mut globals = Context::from_serialize(content)?;
    globals.insert("public_url", &config.public_url);
    globals.insert("indexing", &(config.indexing == Indexing::Allow));
    globals.insert("copyright_year", content.copyright_year());
    Ok(globals)
}
