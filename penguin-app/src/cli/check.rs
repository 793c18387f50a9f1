//! `penguin-app check`: everything that `serve` would do before it opens the port, and what came of it.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anyhow::Context as _;

use super::Failure;
use crate::coding::Coding;
use crate::config::{self, Config};
use crate::document::{Document, Form};
use crate::publication::Publication;
use crate::site::edition::Edition;

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let publication = Publication::open(config.source_dir.clone(), &config.public_url)
        .map_err(|error| Failure::Input(error.into()))?;
    let edition = match publication {
        Publication::Printed(edition) => edition,
        Publication::Draft(draft) => draft.into_edition(),
    };
    let report = format!("{}\n{}", settings(config), documents(&edition));
    match io::stdout().write_all(report.as_bytes()) {
        // `check | head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot print the report").map_err(Failure::Work),
    }
}

fn settings(config: &Config) -> String {
    let source = match &config.source_dir {
        Some(folder) => folder.display().to_string(),
        None => "(templates and assets of the program)".to_owned(),
    };
    let mut text = String::new();
    for (name, value) in [
        ("APP_LISTEN", config.listen.to_string()),
        ("APP_PUBLIC_URL", config.public_url.to_string()),
        (
            "APP_DRAIN_TIMEOUT",
            humantime::format_duration(config.drain_timeout).to_string(),
        ),
        ("APP_LOG_FORMAT", config.log_format.to_string()),
        ("APP_LOG_LEVEL", config.log_level.to_string().to_lowercase()),
        ("APP_SOURCE_DIR", source),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<18} {value}");
    }
    for name in config::unknown_variables() {
        let _ = writeln!(text, "{name:<18} means nothing to us, is it spelled right?");
    }
    text
}

fn documents(edition: &Edition) -> String {
    let mut rows: Vec<(String, &Document)> = Vec::new();
    let mut pages: Vec<_> = edition.pages.iter().collect();
    pages.sort_unstable_by_key(|(path, _)| **path);
    rows.extend(pages.iter().map(|(path, page)| ((**path).to_owned(), *page)));
    let mut mishaps: Vec<_> = edition.mishaps.iter().collect();
    mishaps.sort_unstable_by_key(|(status, _)| **status);
    rows.extend(
        mishaps
            .iter()
            .map(|(status, page)| (format!("error {status}"), *page)),
    );
    let mut discovery: Vec<_> = edition.discovery.iter().collect();
    discovery.sort_unstable_by_key(|(path, _)| **path);
    rows.extend(
        discovery
            .iter()
            .map(|(path, document)| ((**path).to_owned(), *document)),
    );
    let mut text = format!("{:<28} {:>8} {:>8}\n", "document", "bytes", "brotli");
    for (name, document) in rows {
        let brotli = document
            .body(Form::Encoded(Coding::Brotli))
            .map_or_else(|| "-".to_owned(), |body| body.len().to_string());
        let _ = writeln!(text, "{name:<28} {:>8} {brotli:>8}", document.plain.len());
    }
    let _ = writeln!(text, "and {} assets", edition.assets.names().len());
    text
}
