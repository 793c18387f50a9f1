//! What is refused, with file, line and field; and checks of the words themselves.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use insta::assert_snapshot;

use super::*;
use crate::source;

fn files() -> Files {
    let [content, ..] = source::embedded();
    content
}

fn content() -> Content {
    Content::read(&files()).unwrap()
}

#[test]
fn mistakes_are_reported_with_file_line_and_field() {
    let mut report = String::new();
    for (file, from, to) in [
        ("site.toml", "tagline = ", "tagine = "),
        ("classes.toml", "summary = ", "# summary = "),
        ("classes.toml", "width = 480", "width = \"480\""),
        ("classes.toml", "slug = \"fishing\"", "slug = \"Fishing!\""),
        (
            "pages.toml",
            "updated = \"2026-11-23\"",
            "updated = \"23 November\"",
        ),
        ("pages.toml", "path = \"/about\"", "path = \"/gallery\""),
        ("pages.toml", "path = \"/about\"", "path = \"about/\""),
        ("pages.toml", "path = \"/about\"", "path = \"/static/about\""),
        ("gallery.toml", "[[gallery]]", "[[galery]]"),
        ("errors.toml", "status = 500", "status = 501"),
        ("timetable.toml", "timetable = [", "timetable = "),
    ] {
        let mut files = files();
        let text = String::from_utf8(files[file].to_vec()).unwrap();
        assert!(text.contains(from), "{file} holds no {from}");
        files.insert(file.to_owned(), text.replacen(from, to, 1).into());
        let error = Content::read(&files).unwrap_err();
        writeln!(report, "{error}\n").unwrap();
    }
    let mut files = files();
    files.remove("slides.toml");
    writeln!(report, "{}", Content::read(&files).unwrap_err()).unwrap();
    assert_snapshot!(report);
}

#[test]
fn titles_and_descriptions_are_unique() {
    let content = content();
    for of in [(|page| &page.title) as fn(&Page) -> &String, |page| {
        &page.description
    }] {
        let distinct: BTreeSet<_> = content.pages.iter().map(of).collect();
        assert_eq!(distinct.len(), content.pages.len());
    }
}

#[test]
fn descriptions_fit_a_line_of_search_results() {
    let content = content();
    let pages = content
        .pages
        .iter()
        .map(|page| (page.path.as_str(), &page.description));
    let errors = content
        .errors
        .iter()
        .map(|page| (page.title.as_str(), &page.description));
    for (name, description) in pages.chain(errors) {
        let length = description.chars().count();
        assert!((40..=160).contains(&length), "{name}: {length} characters");
    }
}
