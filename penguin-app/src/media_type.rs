//! Which media type a file has, by its name.
//!
//! The build script compiles this file too. It must not know anything else of this crate.

/// The media type of a file below `static/`, and whether compressing it may pay.
///
/// The list is short on purpose: with `nosniff` a wrong guess breaks a page without a word, so an unknown ending
/// is an error at build time, and whoever adds a new kind of file adds a line here.
pub fn of(path: &str) -> Option<(&'static str, bool)> {
    let (_, ending) = path.rsplit_once('.')?;
    Some(match ending {
        "css" => ("text/css; charset=utf-8", true),
        "js" | "mjs" => ("text/javascript; charset=utf-8", true),
        "svg" => ("image/svg+xml", true),
        "ico" => ("image/x-icon", true),
        "json" => ("application/json", true),
        "webmanifest" => ("application/manifest+json", true),
        "html" => ("text/html; charset=utf-8", true),
        "txt" => ("text/plain; charset=utf-8", true),
        "xml" => ("application/xml", true),
        "pdf" => ("application/pdf", true),
        "png" => ("image/png", false),
        "jpg" | "jpeg" => ("image/jpeg", false),
        "webp" => ("image/webp", false),
        "avif" => ("image/avif", false),
        "woff2" => ("font/woff2", false),
        "mp4" => ("video/mp4", false),
        _ => return None,
    })
}
