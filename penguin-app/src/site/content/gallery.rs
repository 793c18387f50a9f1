//! The gallery: drawings of school life, each with a line below it.

use serde::Serialize;

use super::{Content, Drawing, OPENING_DAY, Page, home};

/// What the gallery says.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Gallery {
    /// The heading of the page.
    pub heading: &'static str,
    /// The sentence below it.
    pub lead: &'static str,
    /// What hangs on the wall.
    pub exhibits: &'static [Exhibit],
}

/// A drawing on the wall.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Exhibit {
    /// The drawing.
    pub drawing: Drawing,
    /// Its name on the little plate.
    pub title: &'static str,
    /// What the plate says below.
    pub caption: &'static str,
}

pub(super) fn page() -> Page {
    Page {
        path: "/gallery",
        template: "pages/gallery.html",
        title: "Gallery",
        description: "Drawings of school life on the ice: sliding, floating, singing, walking home, and a \
                      snowman that came out rather well.",
        updated: OPENING_DAY,
        content: Content::Gallery(Gallery {
            heading: "Gallery",
            lead: "Drawn during breaks, by a pupil who asks not to be named and who has no thumbs.",
            exhibits: EXHIBITS,
        }),
    }
}

const EXHIBITS: &[Exhibit] = &[
    Exhibit {
        drawing: home::HUDDLE,
        title: "Morning huddle",
        caption: "Attendance. The chick in the middle was late and still got the best place.",
    },
    Exhibit {
        drawing: home::LEISURE,
        title: "After the last bell",
        caption: "Three ways to do nothing, all of them taken seriously.",
    },
    Exhibit {
        drawing: home::SCHOOL,
        title: "The school",
        caption: "Bo drew the walls, Bix drew the window. They did not speak while drawing.",
    },
    Exhibit {
        drawing: scene(
            "drawings/choir.svg",
            "A row of five penguins sings with open beaks while a conductor swings a herring.",
        ),
        title: "Choir practice",
        caption: "The herring keeps time until somebody eats it.",
    },
    Exhibit {
        drawing: scene(
            "drawings/snowman.svg",
            "A small chick in a red scarf and a snowman with a bucket for a hat stand side by side.",
        ),
        title: "Someone new",
        caption: "They have been looking at each other since Tuesday.",
    },
    Exhibit {
        drawing: scene(
            "drawings/march.svg",
            "Penguins of decreasing size march in line along a hill at dusk, the last one far behind.",
        ),
        title: "The way home",
        caption: "The last in line found something interesting. The line waits.",
    },
];

const fn scene(src: &'static str, alt: &'static str) -> Drawing {
    Drawing {
        src,
        alt,
        width: 800,
        height: 500,
    }
}
