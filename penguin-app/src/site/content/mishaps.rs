//! What we say when something went wrong.

use serde::Serialize;

use super::{Content, Drawing, OPENING_DAY, Page};

/// What an error page says.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Mishap {
    /// The heading of the page.
    pub heading: &'static str,
    /// What happened, and what to do now.
    pub text: &'static str,
    /// The culprit.
    pub drawing: Drawing,
}

pub(super) fn not_found() -> Page {
    Page {
        path: "/404",
        template: "errors/404.html",
        title: "Page not found",
        description: "This page has drifted off with the ice. The rest of Penguin School is still where it was.",
        updated: OPENING_DAY,
        content: Content::Mishap(Mishap {
            heading: "This page has drifted off",
            text: "It may have moved with the ice, or it was never here. Nobody is cross. The way back is dry:",
            drawing: Drawing {
                src: "drawings/lost.svg",
                alt: "A chick with a map drifts by on a small ice floe.",
                width: 480,
                height: 320,
            },
        }),
    }
}

pub(super) fn server_error() -> Page {
    Page {
        path: "/500",
        template: "errors/500.html",
        title: "Something broke",
        description: "Something broke at Penguin School, and it was not you. A teacher is already looking into the hole.",
        updated: OPENING_DAY,
        content: Content::Mishap(Mishap {
            heading: "We fell through the ice",
            text: "Something broke, and it was not you. A teacher is already looking into the hole. Please try again \
                   in a moment.",
            drawing: Drawing {
                src: "drawings/oops.svg",
                alt: "Two feet stick out of a hole in the ice while a second penguin looks on.",
                width: 480,
                height: 320,
            },
        }),
    }
}
