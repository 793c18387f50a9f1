//! The site's error page, read from its file at start.

use std::io::Read;

use fs_err::File;

use super::parse::Refused;
use crate::error_page::{ErrorPage, InvalidPage, LARGEST};

const REMEDY: &str = "write UTF-8 of at most 64 KiB; placeholders are {{status}}, {{title}}, {{explanation}}, {{code}} and \
                      {{request_id}}";

/// `off` for the neutral page, or the path of a file.
pub(super) fn read(text: &str) -> Result<ErrorPage, Refused> {
    if text == "off" {
        return Ok(ErrorPage::default());
    }
    let unreadable = |error: std::io::Error| {
        Refused::new(
            format!("cannot be read: {error}"),
            "write the path of an HTML file, or off for a neutral page",
        )
    };
    let mut bytes = Vec::new();
    let file = File::open(text).map_err(unreadable)?;
    // One byte more tells that the file is too large.
    file.take(LARGEST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let page = std::str::from_utf8(&bytes)
        .map_err(|_| InvalidPage::Encoding)
        .and_then(ErrorPage::parse);
    page.map_err(|error| Refused::new(error.to_string(), REMEDY))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(content: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("page.html");
        fs_err::write(&file, content).unwrap();
        match read(file.to_str().unwrap()) {
            Ok(_) => "taken".to_owned(),
            Err(refused) => refused.reason,
        }
    }

    #[test]
    fn page_is_checked_when_it_is_read() {
        assert_eq!(reason(b"<h1>{{title}}</h1>"), "taken");
        assert_eq!(reason(b"{{tilte}}"), "has an unknown placeholder {{tilte}}");
        assert_eq!(reason(&vec![b'x'; 1 << 20]), "is larger than 64 KiB");
        assert_eq!(reason(b"\xff"), "is not UTF-8");
    }

    #[test]
    fn missing_file_is_named() {
        let error = read("/nowhere/page.html").unwrap_err().reason;
        assert!(error.contains("/nowhere/page.html"), "{error}");
    }
}
