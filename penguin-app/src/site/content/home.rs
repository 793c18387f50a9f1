//! The front page: three slides that invite, and the three classes.

use serde::Serialize;

use super::{Content, Drawing, Link, OPENING_DAY, Page};

/// What the front page says.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Home {
    /// The heading of the page.
    pub heading: &'static str,
    /// The sentence below it.
    pub lead: &'static str,
    /// The slides of the carousel, in order.
    pub slides: &'static [Slide],
    /// The heading above the classes.
    pub classes_heading: &'static str,
    /// The sentence below that heading.
    pub classes_lead: &'static str,
}

/// One slide of the carousel.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Slide {
    /// The heading on the slide.
    pub heading: &'static str,
    /// The sentence below it.
    pub text: &'static str,
    /// Where the slide leads.
    pub link: Link,
    /// The scene.
    pub drawing: Drawing,
}

pub(super) fn page() -> Page {
    Page {
        path: "/",
        template: "pages/home.html",
        title: "Fishing, swimming and snow forts",
        description: "Penguin School teaches young penguins to fish, to swim and to build snow forts. Cold water, warm \
                      teachers.",
        updated: OPENING_DAY,
        content: Content::Home(Home {
            heading: "Cold water, warm teachers.",
            lead: "Penguin School is a small school on a large piece of ice. We teach young penguins the three things \
                   that nobody is hatched knowing.",
            slides: &[
                Slide {
                    heading: "Nobody stands alone",
                    text: "Every day begins in the huddle. The smallest get the middle, and everybody gets a turn.",
                    link: Link {
                        href: "/about",
                        label: "Learn more",
                    },
                    drawing: HUDDLE,
                },
                Slide {
                    heading: "The door is always open",
                    text: "We have tried to shut it. There is a snowdrift in the way. Come in, there is room.",
                    link: Link {
                        href: "/enrol",
                        label: "Sign up today",
                    },
                    drawing: SCHOOL,
                },
                Slide {
                    heading: "Playtime is a subject too",
                    text: "After the last lesson there is sliding, floating and lying about. We have drawings of it all.",
                    link: Link {
                        href: "/gallery",
                        label: "Browse gallery",
                    },
                    drawing: LEISURE,
                },
            ],
            classes_heading: "Three classes, one ocean",
            classes_lead: "Take them one by one or all at once. Groups are small, breaks are long, and nobody is graded \
                           on their walk.",
        }),
    }
}

/// The first slide; hangs in the gallery as well.
pub(super) const HUDDLE: Drawing = Drawing {
    src: "drawings/huddle.svg",
    alt: "Penguins of all sizes huddle on the snow, a grey chick safe in the middle.",
    width: 800,
    height: 500,
};

/// The second slide; hangs in the gallery as well.
pub(super) const SCHOOL: Drawing = Drawing {
    src: "drawings/school.svg",
    alt: "The school, a round house of snow with a bell and a flag; a teacher waves from its door.",
    width: 800,
    height: 500,
};

/// The third slide; hangs in the gallery as well.
pub(super) const LEISURE: Drawing = Drawing {
    src: "drawings/leisure.svg",
    alt: "Penguins at leisure: one slides on its belly, one reads below a parasol, one floats in a ring.",
    width: 800,
    height: 500,
};
