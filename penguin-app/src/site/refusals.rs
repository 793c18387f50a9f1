//! What we say to a program that asked in a way that we do not answer.
//!
//! People hardly ever see these, so they share the drawing and the template of the page that is not found. It must
//! not know HTTP beyond the number of a status.

use super::content::{self, Content, Mishap, Page};

/// A status that has a page of its own, its title and its words.
const REFUSALS: [(u16, &str, &str, &str, &str); 4] = [
    (
        405,
        "/405",
        "Method not allowed",
        "Here one can only look",
        "This site keeps nothing and takes nothing: it answers GET and HEAD. To tell us something, write to us.",
    ),
    (
        406,
        "/406",
        "Not acceptable",
        "We have nothing in that wrapping",
        "Every coding in which we could send this page was ruled out by the request.",
    ),
    (
        412,
        "/412",
        "Precondition failed",
        "It has changed since",
        "The request was meant for another version of this document.",
    ),
    (
        416,
        "/416",
        "Range not satisfiable",
        "There is no such piece",
        "The request asked for a part that lies beyond the end of the document.",
    ),
];

/// Every refusal that has a page, with its status.
pub fn pages() -> Vec<(u16, Page)> {
    let lost = content::not_found();
    let Content::Mishap(not_found) = lost.content else {
        return Vec::new();
    };
    REFUSALS
        .into_iter()
        .map(|(status, path, title, heading, text)| {
            let page = Page {
                path,
                title,
                content: Content::Mishap(Mishap {
                    heading,
                    text,
                    ..not_found
                }),
                ..lost
            };
            (status, page)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_page() {
        let statuses: Vec<_> = pages().into_iter().map(|(status, _)| status).collect();
        assert_eq!(statuses, [405, 406, 412, 416]);
    }
}
