//! The files of `static/` and the names under which they are served.
//!
//! An asset has a hashed name (`css/site.1a2b3c4d.css`), which browsers may keep for ever, and a plain one
//! (`css/site.css`), which they have to revalidate.

use std::collections::BTreeMap;

use http::HeaderValue;

use crate::encoding::Encoding;
use crate::representation::Representation;
use crate::source::Files;

/// Path below which assets are served.
pub const PREFIX: &str = "/static/";

/// Digits of the content hash in a hashed name.
const DIGITS: usize = 8;

/// Every asset by its name below `static/`.
#[derive(Debug, Clone, Default)]
pub struct Assets(BTreeMap<String, Representation>);

/// An asset that was asked for by one of its names.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// Its name below `static/`, without a hash.
    pub name: &'a str,
    /// Its content.
    pub representation: &'a Representation,
    /// Whether the request named the hash of this very content.
    pub immutable: bool,
}

impl Assets {
    /// Collects the assets; `css/site.css.br` is an encoding of `css/site.css`. Fails with the name of a file whose
    /// extension has no media type, because with `nosniff` a wrong guess breaks a page silently.
    pub fn new(files: &Files) -> Result<Self, String> {
        let is_encoded = |name: &str| {
            let plain = name.rsplit_once('.').map(|(plain, _)| plain);
            plain.is_some_and(|plain| files.contains_key(plain))
        };
        let assets = files
            .iter()
            .filter(|(name, _)| !is_encoded(name))
            .map(|(name, body)| {
                let encoded = |encoding: Encoding| files.get(&format!("{name}.{}", encoding.name())).cloned();
                let media_type = media_type(name).ok_or_else(|| name.clone())?;
                Ok((
                    name.clone(),
                    Representation::new(media_type, body.clone(), encoded),
                ))
            });
        assets.collect::<Result<_, _>>().map(Self)
    }

    /// Returns the path at which a page should ask for the asset with this name.
    pub fn url(&self, name: &str) -> Option<String> {
        let asset = self.0.get(name)?;
        Some(format!("{PREFIX}{}", hashed_name(name, &asset.content_hash)))
    }

    /// Finds the asset of a plain name, or of a name with any hash.
    ///
    /// A hash of other content gets today's file: while a deployment replaces tasks, a page of one release asks a task
    /// of the other for its stylesheet. Only the right hash may be kept for ever.
    pub fn find(&self, path: &str) -> Option<Found<'_>> {
        let plain = if self.0.contains_key(path) {
            path.to_owned()
        } else {
            without_hash(path)?
        };
        let (name, representation) = self.0.get_key_value(&plain)?;
        let immutable = hashed_name(name, &representation.content_hash) == path;
        Some(Found {
            name,
            representation,
            immutable,
        })
    }

    /// Returns every name below `static/`, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Returns the media type of a file by its extension.
pub fn media_type(name: &str) -> Option<HeaderValue> {
    let media_type = mime_guess::from_path(name).first_raw()?;
    if media_type.starts_with("text/") {
        HeaderValue::try_from(format!("{media_type}; charset=utf-8")).ok()
    } else {
        Some(HeaderValue::from_static(media_type))
    }
}

/// `css/site.css` → `css/site.1a2b3c4d.css`
fn hashed_name(name: &str, content_hash: &str) -> String {
    let digits = content_hash.get(..DIGITS).unwrap_or(content_hash);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{stem}.{digits}.{extension}")
}

/// `css/site.1a2b3c4d.css` → `css/site.css`
fn without_hash(path: &str) -> Option<String> {
    let (rest, extension) = path.rsplit_once('.')?;
    let (stem, hash) = rest.rsplit_once('.')?;
    let is_hash = hash.len() == DIGITS && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hash.then(|| format!("{stem}.{extension}"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn assets(css: &'static str) -> Assets {
        let files = [
            ("css/site.css", css),
            ("css/site.css.br", "-"),
            ("drawings/pim.svg", "<svg/>"),
        ];
        let files = files.map(|(name, body)| (name.to_owned(), Bytes::from_static(body.as_bytes())));
        Assets::new(&files.into()).unwrap()
    }

    #[test]
    fn hashed_name_is_found_again() {
        let assets = assets("a{}");
        for name in ["css/site.css", "drawings/pim.svg"] {
            let url = assets.url(name).unwrap();
            let path = url.strip_prefix(PREFIX).unwrap();
            assert_eq!(path.len(), name.len() + 1 + DIGITS, "{url}");
            let found = assets.find(path).unwrap();
            assert_eq!((found.name, found.immutable), (name, true));
        }
    }

    #[test]
    fn plain_name_and_any_other_hash_get_the_file_but_not_for_ever() {
        for path in [
            "css/site.css",
            "css/site.00000000.css",
            "drawings/pim.0123abcd.svg",
        ] {
            let assets = assets("a{}");
            let found = assets.find(path).unwrap();
            assert!(!found.immutable, "{path}");
        }
    }

    #[test]
    fn other_names_are_not_found() {
        for path in [
            "css/site.0000000.css",
            "css/site.zzzzzzzz.css",
            "css/",
            "",
            "css/site.00000000.js",
            "css/site.css.br",
            "00000000",
        ] {
            assert!(assets("a{}").find(path).is_none(), "{path}");
        }
        assert!(assets("a{}").url("css/sight.css").is_none());
    }

    #[test]
    fn other_content_has_another_url() {
        assert_ne!(
            assets("a{}").url("css/site.css"),
            assets("b{}").url("css/site.css")
        );
    }

    #[test]
    fn text_is_utf_8_and_unknown_extensions_have_no_media_type() {
        for (name, expected) in [
            ("a.css", "text/css; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.svg", "image/svg+xml"),
            ("a.webmanifest", "application/manifest+json"),
            ("a.woff2", "font/woff2"),
            ("a.avif", "image/avif"),
        ] {
            assert_eq!(media_type(name).unwrap(), expected);
        }
        assert_eq!(media_type("a.krill"), None);
        assert_eq!(media_type("LICENCE"), None);
    }
}
