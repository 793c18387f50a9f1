//! Who we are: the story, the teachers and a day at school.

use serde::Serialize;

use super::{Content, Drawing, OPENING_DAY, Page, Section};

/// What the page about the school says.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct About {
    /// The heading of the page.
    pub heading: &'static str,
    /// The paragraph that opens it.
    pub lead: &'static str,
    /// How the school came to be, and what it holds dear.
    pub sections: &'static [Section],
    /// The heading above the teachers.
    pub teachers_heading: &'static str,
    /// The teachers.
    pub teachers: &'static [Teacher],
    /// The heading above the timetable.
    pub day_heading: &'static str,
    /// A day from the first bell to the last.
    pub day: &'static [Lesson],
}

/// Somebody who teaches here.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Teacher {
    /// Their name.
    pub name: &'static str,
    /// What they teach.
    pub subject: &'static str,
    /// What they are like.
    pub text: &'static str,
    /// Their portrait.
    pub portrait: Drawing,
}

/// One row of the timetable.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Lesson {
    /// When, `HH:MM`.
    pub time: &'static str,
    /// What.
    pub what: &'static str,
    /// How it tends to go.
    pub remark: &'static str,
}

pub(super) fn page() -> Page {
    Page {
        path: "/about",
        template: "pages/about.html",
        title: "About the school",
        description: "How Penguin School began with one lost mitten and a blizzard, who teaches here, and what a day \
                      from huddle to huddle looks like.",
        updated: OPENING_DAY,
        content: Content::About(About {
            heading: "About the school",
            lead: "It began with a blizzard. Forty chicks, two grown-ups, three days. By the time the wind dropped \
                   everybody could count to forty, and nobody wanted to go home.",
            sections: &[
                Section {
                    id: "story",
                    heading: "How it began",
                    paragraphs: &[
                        "Bo built a wall against the wind. Bix built a second one, because the first looked lonely. Old \
                         Marit cut a hole in the middle to pass the time, and Captain Pim fell into it and found that \
                         she liked it there.",
                        "When the parents came back from the sea they found a house with a door, a bell, a timetable \
                         and a rule about snowballs. They asked whether it was open on Mondays. It has been ever since.",
                    ],
                },
                Section {
                    id: "promises",
                    heading: "What we hold to",
                    paragraphs: &[
                        "Nobody is pushed. Not off the ice, not up the hill and not into answering. Curiosity does it \
                         sooner, and it waits for you.",
                        "Nobody stands at the edge for long. Each cold morning the huddle turns, so that whoever was \
                         outside comes to the middle. We teach everything else in the same manner.",
                    ],
                },
            ],
            teachers_heading: "The teachers",
            teachers: TEACHERS,
            day_heading: "A day from huddle to huddle",
            day: &[
                Lesson {
                    time: "07:30",
                    what: "Morning huddle",
                    remark: "Attendance is taken by warmth",
                },
                Lesson {
                    time: "08:30",
                    what: "Fishing",
                    remark: "Silence, mostly",
                },
                Lesson {
                    time: "10:30",
                    what: "Second breakfast",
                    remark: "See fishing",
                },
                Lesson {
                    time: "11:00",
                    what: "Swimming",
                    remark: "Less silence",
                },
                Lesson {
                    time: "13:00",
                    what: "Lying in the sun",
                    remark: "Compulsory",
                },
                Lesson {
                    time: "14:00",
                    what: "Snow forts",
                    remark: "Ends when the tower does",
                },
                Lesson {
                    time: "16:00",
                    what: "Evening huddle",
                    remark: "Stories from the middle outwards",
                },
            ],
        }),
    }
}

const fn portrait(src: &'static str, alt: &'static str) -> Drawing {
    Drawing {
        src,
        alt,
        width: 240,
        height: 240,
    }
}

const TEACHERS: &[Teacher] = &[
    Teacher {
        name: "Old Marit",
        subject: "Fishing",
        text: "Speaks little, and then it is about cod. Her hat is older than the school.",
        portrait: portrait(
            "drawings/marit.svg",
            "Old Marit, a stately penguin in spectacles and a red bobble hat.",
        ),
    },
    Teacher {
        name: "Captain Pim",
        subject: "Swimming",
        text: "Fastest around the iceberg, last through the door, because she lets everybody else go first.",
        portrait: portrait(
            "drawings/pim.svg",
            "Captain Pim, a sleek penguin with swimming goggles on her forehead.",
        ),
    },
    Teacher {
        name: "Bo",
        subject: "Snow forts: walls",
        text: "Believes that every problem can be solved with a wider base. So far nobody has proved her wrong.",
        portrait: portrait(
            "drawings/bo.svg",
            "Bo, a broad penguin in a blue scarf, with a shovel over her shoulder.",
        ),
    },
    Teacher {
        name: "Bix",
        subject: "Snow forts: windows",
        text: "Bo’s sister. Puts holes in Bo’s walls and calls them views. They are usually right, both of them.",
        portrait: portrait(
            "drawings/bix.svg",
            "Bix, a penguin in a yellow scarf with a snowflake on her head.",
        ),
    },
];
