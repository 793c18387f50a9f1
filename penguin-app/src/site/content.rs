//! Every word of the site, as typed data, so that the compiler knows when a page lacks one.
//!
//! A template decides how a page looks; this module decides what it says. It must not know HTTP, Tera or where
//! a file is stored: drawings and links are named as the templates will name them, and the rest of the program
//! finds out at start-up whether those names lead anywhere.

mod about;
mod courses;
mod enquiries;
mod gallery;
mod home;
mod legal;
mod mishaps;

pub use about::{About, Lesson, Teacher};
pub use courses::{Course, CoursePage, Fact, Step};
pub use enquiries::{ContactPage, Enrol, Question, Way};
pub use gallery::{Exhibit, Gallery};
pub use home::{Home, Slide};
pub use legal::{Clause, Legal};
pub use mishaps::Mishap;

use serde::Serialize;

/// What every page needs to know about the school.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Site {
    /// The name on the sign above the door.
    pub name: &'static str,
    /// The name on contracts, for the foot of the page.
    pub legal_name: &'static str,
    /// The promise, in one breath.
    pub tagline: &'static str,
    /// The school in one sentence, for search engines.
    pub description: &'static str,
    /// The links at the head of every page, in order.
    pub navigation: &'static [Link],
    /// The one thing that we would like a visitor to do.
    pub invitation: Link,
    /// The links at the foot of every page, in order.
    pub footer: &'static [Link],
    /// How to reach us.
    pub contact: Contact,
    /// The classes that we teach, in the order in which a penguin needs them.
    pub courses: &'static [Course],
}

/// How to reach the school.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Contact {
    /// For every question that is not an enrolment.
    pub email: &'static str,
    /// For enrolments.
    pub enrolment_email: &'static str,
    /// For people who found a hole in the ice, that is, in this site.
    pub security_email: &'static str,
    /// Street and house.
    pub street: &'static str,
    /// Town.
    pub locality: &'static str,
    /// The rest of the world.
    pub region: &'static str,
    /// When somebody is in.
    pub hours: &'static str,
}

/// A link and what it says.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Link {
    /// Path on this site, possibly with a fragment, or an address such as `mailto:`.
    pub href: &'static str,
    /// What the visitor reads.
    pub label: &'static str,
}

/// A drawing from `static/`, with the words for those who do not see it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Drawing {
    /// File below `static/`.
    pub src: &'static str,
    /// What there is to see.
    pub alt: &'static str,
    /// Width of the drawing in CSS pixels, so that the page keeps its shape while loading.
    pub width: u16,
    /// Height of the drawing in CSS pixels.
    pub height: u16,
}

/// A heading with what stands below it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Section {
    /// The fragment by which a link can reach it.
    pub id: &'static str,
    /// The heading.
    pub heading: &'static str,
    /// One paragraph each.
    pub paragraphs: &'static [&'static str],
}

/// One page: where it is, how it looks, and what it says.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Where it is served.
    pub path: &'static str,
    /// The template below `templates/` that draws it.
    pub template: &'static str,
    /// The document's title, without the name of the school.
    pub title: &'static str,
    /// One or two sentences for search engines and for links that are shared.
    pub description: &'static str,
    /// The day on which its words last changed, `YYYY-MM-DD`, for the sitemap.
    pub updated: &'static str,
    /// What it says.
    pub content: Content,
}

/// The content of a page; each template expects one of these.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// `pages/home.html`
    Home(Home),
    /// `pages/course.html`
    Course(CoursePage),
    /// `pages/about.html`
    About(About),
    /// `pages/gallery.html`
    Gallery(Gallery),
    /// `pages/enrol.html`
    Enrol(Enrol),
    /// `pages/contact.html`
    Contact(ContactPage),
    /// `pages/legal.html`
    Legal(Legal),
    /// `errors/404.html` and `errors/500.html`
    Mishap(Mishap),
}

/// The day of the last change of words; a page that changes later says so itself.
const OPENING_DAY: &str = "2026-11-23";

/// The school as every page presents it.
///
/// The addresses end in `.example`, a name that nobody can own, until a real school moves in.
pub fn site() -> Site {
    Site {
        name: "Penguin School",
        legal_name: "Penguin School, Inc.",
        tagline: "Cold water, warm teachers.",
        description: "A small school on a large piece of ice. We teach young penguins to fish, to swim and to build \
                      snow forts.",
        navigation: &[
            Link {
                href: "/",
                label: "Home",
            },
            Link {
                href: "/#classes",
                label: "Classes",
            },
            Link {
                href: "/gallery",
                label: "Gallery",
            },
            Link {
                href: "/about",
                label: "About",
            },
            Link {
                href: "/contact",
                label: "Contact",
            },
        ],
        invitation: Link {
            href: "/enrol",
            label: "Enrol",
        },
        footer: &[
            Link {
                href: "/privacy",
                label: "Privacy",
            },
            Link {
                href: "/terms",
                label: "Terms",
            },
        ],
        contact: Contact {
            email: "hello@penguin-school.example",
            enrolment_email: "enrol@penguin-school.example",
            security_email: "security@penguin-school.example",
            street: "7 Floe Street",
            locality: "Shelf-on-Sea",
            region: "Antarctica",
            hours: "Every day from sunrise to sunset, which in December is a long time.",
        },
        courses: courses::ALL,
    }
}

/// Every page that a visitor can ask for by name, in the order of the sitemap.
pub fn pages() -> Vec<Page> {
    let mut pages = vec![home::page()];
    pages.extend(courses::pages());
    pages.extend([
        about::page(),
        gallery::page(),
        enquiries::enrol(),
        enquiries::contact(),
        legal::privacy(),
        legal::terms(),
    ]);
    pages
}

/// What a visitor sees who asked for a page that does not exist.
pub fn not_found() -> Page {
    mishaps::not_found()
}

/// What a visitor sees when the fault is ours.
pub fn server_error() -> Page {
    mishaps::server_error()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all() -> Vec<Page> {
        let mut pages = pages();
        pages.extend([not_found(), server_error()]);
        pages
    }

    #[test]
    fn no_two_pages_share_a_path_a_title_or_a_description() {
        let pages = all();
        for (what, of) in [
            ("path", (|page| page.path) as fn(&Page) -> &'static str),
            ("title", |page| page.title),
            ("description", |page| page.description),
        ] {
            let distinct: BTreeSet<_> = pages.iter().map(of).collect();
            assert_eq!(distinct.len(), pages.len(), "two pages share a {what}");
        }
    }

    #[test]
    fn descriptions_fit_a_line_of_search_results() {
        for page in all() {
            let length = page.description.chars().count();
            assert!((40..=160).contains(&length), "{}: {length} characters", page.path);
        }
    }

    #[test]
    fn every_link_in_the_frame_of_the_page_leads_to_a_page() {
        let paths: BTreeSet<_> = pages().iter().map(|page| page.path).collect();
        let site = site();
        let links = site
            .navigation
            .iter()
            .chain(site.footer)
            .chain([&site.invitation]);
        for link in links {
            let path = link.href.split('#').next().unwrap_or_default();
            assert!(paths.contains(path), "{} leads nowhere", link.href);
        }
    }

    #[test]
    fn the_day_of_the_last_change_is_a_date() {
        for page in all() {
            let parts: Vec<_> = page
                .updated
                .split('-')
                .map(|part| (part.len(), part.parse::<u16>()))
                .collect();
            assert!(
                matches!(
                    parts.as_slice(),
                    [(4, Ok(2026..)), (2, Ok(1..=12)), (2, Ok(1..=31))]
                ),
                "{}: {}",
                page.path,
                page.updated
            );
        }
    }
}
