//! How to enrol and how to reach us. There is no form: the site keeps nothing, and says so.

use serde::Serialize;

use super::{Content, Drawing, Link, OPENING_DAY, Page, Step};

/// What the enrolment page says.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Enrol {
    /// The heading of the page.
    pub heading: &'static str,
    /// The paragraph that opens it.
    pub lead: &'static str,
    /// The heading above the steps.
    pub steps_heading: &'static str,
    /// What to do, in order.
    pub steps: &'static [Step],
    /// The letter that opens in the visitor's own mail program.
    pub letter: Link,
    /// What the letter should tell us.
    pub letter_contents: &'static [&'static str],
    /// The heading above the questions.
    pub questions_heading: &'static str,
    /// What parents ask.
    pub questions: &'static [Question],
    /// A penguin with a letter.
    pub drawing: Drawing,
}

/// A question and its answer.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Question {
    /// What is asked.
    pub question: &'static str,
    /// What we say.
    pub answer: &'static str,
}

/// What the contact page says; the addresses themselves belong to the site.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ContactPage {
    /// The heading of the page.
    pub heading: &'static str,
    /// The paragraph that opens it.
    pub lead: &'static str,
    /// The ways to our door.
    pub ways: &'static [Way],
    /// A penguin that waves.
    pub drawing: Drawing,
}

/// A way to our door.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Way {
    /// By which means.
    pub name: &'static str,
    /// How it goes.
    pub text: &'static str,
}

pub(super) fn enrol() -> Page {
    Page {
        path: "/enrol",
        template: "pages/enrol.html",
        title: "Enrol",
        description: "Enrolling at Penguin School takes one letter and one visit. There is no form to fill in and \
                      nothing is stored on this site.",
        updated: OPENING_DAY,
        content: Content::Enrol(Enrol {
            heading: "Sign up today",
            lead: "No forms. Flippers and forms do not go together, and this site stores nothing anyway. Enrolling \
                   takes one letter and one visit.",
            steps_heading: "Three small steps",
            steps: &[
                Step {
                    name: "Write to us",
                    text: "A few lines by mail. Spelling is not marked.",
                },
                Step {
                    name: "Come and look",
                    text: "Spend a morning in the huddle. The chick decides, not the parents.",
                },
                Step {
                    name: "Stay",
                    text: "Classes begin at every new moon. Bring a hat with a name in it.",
                },
            ],
            letter: Link {
                href: "mailto:enrol@penguin-school.example?subject=A%20new%20pupil",
                label: "Write the letter",
            },
            letter_contents: &[
                "The name of your chick, and how it is said",
                "Fluffy, moulting or sleek",
                "Which class, or “all of them”, which is the usual answer",
                "Anything that makes them nervous: seals, heights, singing",
            ],
            questions_heading: "What parents ask",
            questions: &[
                Question {
                    question: "What does it cost?",
                    answer: "One fish a day, brought for somebody else. It comes out even, and everybody is looked after.",
                },
                Question {
                    question: "My chick is afraid of water. Is that a problem?",
                    answer: "It is where most swimmers start. Captain Pim spends the first week at the edge, talking.",
                },
                Question {
                    question: "Do you take other birds?",
                    answer: "We once had an albatross. Lovely pupil, never at her desk. Write to us.",
                },
                Question {
                    question: "What if we come in the middle of a term?",
                    answer: "Then you come to the middle of the huddle. That is what it is for.",
                },
            ],
            drawing: Drawing {
                src: "drawings/letter.svg",
                alt: "A chick holds up an envelope that is nearly as big as itself.",
                width: 480,
                height: 320,
            },
        }),
    }
}

pub(super) fn contact() -> Page {
    Page {
        path: "/contact",
        template: "pages/contact.html",
        title: "Contact",
        description: "How to reach Penguin School: by mail, by post, or in person along the shore and left at the big \
                      iceberg.",
        updated: OPENING_DAY,
        content: Content::Contact(ContactPage {
            heading: "Contact",
            lead: "Somebody is always in, though they may be under the ice. Write, or come by and ring the bell.",
            ways: &[
                Way {
                    name: "By sea",
                    text: "Along the shore until the big iceberg, then left. If it has moved, ask a seal, from a distance.",
                },
                Way {
                    name: "On foot",
                    text: "Follow the tracks. All of them lead here in the morning and away from here at four.",
                },
                Way {
                    name: "On your belly",
                    text: "From the top of Long Hill straight down. Please brake before the window.",
                },
            ],
            drawing: Drawing {
                src: "drawings/hello.svg",
                alt: "A penguin in a scarf waves beside a signpost in the snow.",
                width: 480,
                height: 320,
            },
        }),
    }
}
