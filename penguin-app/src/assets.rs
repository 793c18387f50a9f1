//! The files of `static/` and the addresses at which they are served.
//!
//! An asset has two addresses. The hashed one (`/static/css/site.1a2b3c4d.css`) carries a part of its content's
//! fingerprint and never changes its meaning, so that it may be kept for ever. The plain one
//! (`/static/css/site.css`) is for people who type, and has to be asked for each time. This module must not know
//! HTTP, nor where the files came from.

use std::collections::HashMap;

use crate::document::Document;

/// Below which path assets are served.
pub const PREFIX: &str = "/static/";

/// How many digits of the fingerprint stand in a hashed address.
const DIGITS: usize = 8;

/// Which of its two addresses an asset was asked for by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// The one with the fingerprint.
    Hashed,
    /// The one without.
    Plain,
}

/// Every asset, by name and by address.
#[derive(Debug, Clone, Default)]
pub struct Assets {
    documents: Vec<Document>,
    /// Name below `static/` → hashed name below `static/`.
    hashed_names: HashMap<String, String>,
    /// Either name below `static/` → where it is in `documents`, and which name it was.
    served: HashMap<String, (usize, Address)>,
}

impl Assets {
    /// Collects the assets, each with its name below `static/`.
    pub fn new(files: impl IntoIterator<Item = (String, Document)>) -> Self {
        let mut assets = Self::default();
        for (name, document) in files {
            let hashed = hashed_name(&name, &document.fingerprint);
            let index = assets.documents.len();
            assets.documents.push(document);
            assets.served.insert(hashed.clone(), (index, Address::Hashed));
            assets.served.insert(name.clone(), (index, Address::Plain));
            assets.hashed_names.insert(name, hashed);
        }
        assets
    }

    /// The path at which a page should ask for the asset with this name below `static/`.
    pub fn url(&self, name: &str) -> Option<String> {
        let hashed = self.hashed_names.get(name)?;
        Some(format!("{PREFIX}{hashed}"))
    }

    /// The asset that is served at this path below `/static/`.
    ///
    /// A name with another fingerprint than the asset has now is no asset: who asks for last year's stylesheet must
    /// not be given this year's to keep.
    pub fn find(&self, path: &str) -> Option<(&Document, Address)> {
        let (index, address) = self.served.get(path)?;
        Some((self.documents.get(*index)?, *address))
    }

    /// Every name below `static/`, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.hashed_names.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

/// `css/site.css` → `css/site.1a2b3c4d.css`
fn hashed_name(name: &str, fingerprint: &str) -> String {
    let digits = fingerprint.get(..DIGITS).unwrap_or(fingerprint);
    match name.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}.{digits}.{ending}"),
        None => format!("{name}.{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets() -> Assets {
        Assets::new([
            ("css/site.css".to_owned(), Document::plain("text/css", "a{}")),
            ("LICENCE".to_owned(), Document::plain("text/plain", "yes")),
        ])
    }

    #[test]
    fn the_hashed_address_is_found_again() {
        let assets = assets();
        let url = assets.url("css/site.css").unwrap();
        assert!(
            url.starts_with("/static/css/site.") && url.len() == "/static/css/site.12345678.css".len(),
            "{url}"
        );
        let (document, address) = assets.find(url.strip_prefix(PREFIX).unwrap()).unwrap();
        assert_eq!(document.plain, "a{}");
        assert_eq!(address, Address::Hashed);
    }

    #[test]
    fn the_plain_address_works_and_is_told_apart() {
        assert_eq!(assets().find("css/site.css").unwrap().1, Address::Plain);
        assert_eq!(assets().find("LICENCE").unwrap().1, Address::Plain);
    }

    #[test]
    fn another_fingerprint_is_no_asset() {
        assert!(assets().find("css/site.00000000.css").is_none());
        assert!(assets().find("css/").is_none());
        assert!(assets().url("css/sight.css").is_none());
    }

    #[test]
    fn another_content_has_another_address() {
        let changed = Assets::new([("css/site.css".to_owned(), Document::plain("text/css", "b{}"))]);
        assert_ne!(changed.url("css/site.css"), assets().url("css/site.css"));
    }
}
