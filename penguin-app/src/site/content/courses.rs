//! The three classes: what a card on the front page says, and what their own pages add.

use serde::Serialize;

use super::{Content, Drawing, OPENING_DAY, Page};

/// A class, as a card presents it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Course {
    /// What it is called.
    pub name: &'static str,
    /// Its page.
    pub href: &'static str,
    /// The class in two sentences.
    pub summary: &'static str,
    /// The class in one picture.
    pub drawing: Drawing,
}

/// A class, as its own page presents it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct CoursePage {
    /// The class.
    pub course: Course,
    /// The paragraph that opens the page.
    pub lead: &'static str,
    /// What parents ask first.
    pub facts: &'static [Fact],
    /// The heading above the steps.
    pub steps_heading: &'static str,
    /// The class from the first day to the last.
    pub steps: &'static [Step],
    /// Who teaches it, and what they are like.
    pub teacher: &'static str,
    /// What the teacher says at the end of the last lesson.
    pub quotation: &'static str,
}

/// A question and its short answer.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Fact {
    /// What is asked.
    pub name: &'static str,
    /// What we say.
    pub value: &'static str,
}

/// One week of a class.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Step {
    /// What the week is about.
    pub name: &'static str,
    /// What happens.
    pub text: &'static str,
}

const FISHING: Course = Course {
    name: "Fishing Classes",
    href: "/classes/fishing",
    summary: "Sit still, look down, think like a herring. Lunch follows those who can wait for it.",
    drawing: Drawing {
        src: "drawings/fishing.svg",
        alt: "A penguin in a bobble hat fishes through a hole in the ice; below, a large fish studies the hook.",
        width: 480,
        height: 320,
    },
};

const SWIMMING: Course = Course {
    name: "Swimming Lessons",
    href: "/classes/swimming",
    summary: "On land we waddle. Under water we fly. Between the two lies one small, brave hop.",
    drawing: Drawing {
        src: "drawings/swimming.svg",
        alt: "A penguin in goggles shoots through the sea with a trail of bubbles, past two surprised fish.",
        width: 480,
        height: 320,
    },
};

const SNOW_FORTS: Course = Course {
    name: "Snow Fort Building",
    href: "/classes/snow-forts",
    summary: "Walls, towers and the ethics of snowballs. For architects who must manage without hands.",
    drawing: Drawing {
        src: "drawings/snow-forts.svg",
        alt: "A penguin with a shovel stands proudly before a snow fort; a chick looks out over the wall beside a flag.",
        width: 480,
        height: 320,
    },
};

/// Every class, in the order in which a penguin needs them.
pub(super) const ALL: &[Course] = &[FISHING, SWIMMING, SNOW_FORTS];

pub(super) fn pages() -> [Page; 3] {
    [fishing(), swimming(), snow_forts()]
}

fn fishing() -> Page {
    Page {
        path: FISHING.href,
        template: "pages/course.html",
        title: FISHING.name,
        description: "Ice fishing for young penguins: six weeks of patience, knots and lunch, in groups of five, with a \
                      teacher who has waited longer.",
        updated: OPENING_DAY,
        content: Content::Course(CoursePage {
            course: FISHING,
            lead: "Anybody can catch a fish by accident. We teach the other way. In six weeks your chick learns to find \
                   the right spot, to wait there on purpose, and to tell a good story about the one that got away.",
            facts: &[
                Fact {
                    name: "For whom",
                    value: "Chicks from four months who can sit still for as long as it takes to read this",
                },
                Fact {
                    name: "How long",
                    value: "Six weeks, three mornings a week",
                },
                Fact {
                    name: "Group",
                    value: "Five penguins and one hole each",
                },
                Fact {
                    name: "Bring",
                    value: "A hat, and an empty stomach",
                },
            ],
            steps_heading: "Six weeks at the hole",
            steps: &[
                Step {
                    name: "Sitting",
                    text: "Harder than it sounds. We begin with a minute and work up to the tide.",
                },
                Step {
                    name: "Looking down",
                    text: "Shadows, ripples and bubbles, and which of them are lunch.",
                },
                Step {
                    name: "The hole",
                    text: "Where to cut it, how round, and how not to be standing inside the circle.",
                },
                Step {
                    name: "Rod and line",
                    text: "Four knots by heart, and one by accident that we count as well.",
                },
                Step {
                    name: "Thinking like a herring",
                    text: "A quiet week. Some never quite come back from it.",
                },
                Step {
                    name: "The catch",
                    text: "Everybody eats. Whoever catches nothing is given half of everything.",
                },
            ],
            teacher: "Taught by Old Marit, who once waited eleven hours for a cod and says that the first ten were the \
                      better part.",
            quotation: "The fish is the excuse. The sitting is the thing.",
        }),
    }
}

fn swimming() -> Page {
    Page {
        path: SWIMMING.href,
        template: "pages/course.html",
        title: SWIMMING.name,
        description: "Swimming lessons for penguins that have only ever waddled: from the first hop off the ice to \
                      leaving the sea like a cork.",
        updated: OPENING_DAY,
        content: Content::Course(CoursePage {
            course: SWIMMING,
            lead: "Every penguin can swim; most of them just have not been told. We start in a pool that reaches to the \
                   knee, wherever that is on a penguin, and end in the open sea with a lap around the iceberg.",
            facts: &[
                Fact {
                    name: "For whom",
                    value: "Fledglings whose fluff has gone; down soaks up water like a sponge",
                },
                Fact {
                    name: "How long",
                    value: "Eight weeks, every second day, seals permitting",
                },
                Fact {
                    name: "Group",
                    value: "Six swimmers, one teacher in the water, one on watch",
                },
                Fact {
                    name: "Bring",
                    value: "Goggles if you like; courage is lent out at the door",
                },
            ],
            steps_heading: "From the edge to the iceberg",
            steps: &[
                Step {
                    name: "The edge",
                    text: "We stand at it. We look. We talk about how it feels. Nobody is pushed, ever.",
                },
                Step {
                    name: "The hop",
                    text: "Feet together, beak up, eyes open or shut. Both count.",
                },
                Step {
                    name: "Floating",
                    text: "You are rounder than you think, and it helps.",
                },
                Step {
                    name: "Flying",
                    text: "Flippers are wings. Down here they finally work.",
                },
                Step {
                    name: "Turning",
                    text: "Left, right, and away from the large shadow.",
                },
                Step {
                    name: "The cork",
                    text: "Out of the water at full speed and on to the ice. Landing is marked on style.",
                },
            ],
            teacher: "Taught by Captain Pim, who holds the colony’s record for the lap around the iceberg and is still \
                      shy on land.",
            quotation: "Cold is only the first minute. After that it is yours.",
        }),
    }
}

fn snow_forts() -> Page {
    Page {
        path: SNOW_FORTS.href,
        template: "pages/course.html",
        title: SNOW_FORTS.name,
        description: "Snow fort building for penguins: bricks, arches, towers and the rules of a fair snowball fight, in \
                      four weeks on firm ice.",
        updated: OPENING_DAY,
        content: Content::Course(CoursePage {
            course: SNOW_FORTS,
            lead: "A good fort keeps out the wind, impresses the neighbours and has a window for looking superior. In \
                   four weeks we go from a heap to a tower, and everybody learns which snow holds and which only \
                   pretends.",
            facts: &[
                Fact {
                    name: "For whom",
                    value: "Anybody who has ever stood behind a heap and felt safer",
                },
                Fact {
                    name: "How long",
                    value: "Four weeks, afternoons, while the snow is crisp",
                },
                Fact {
                    name: "Group",
                    value: "Two teams of four; the teams are mixed anew each week",
                },
                Fact {
                    name: "Bring",
                    value: "Warm feet. Shovels are ours",
                },
            ],
            steps_heading: "From heap to tower",
            steps: &[
                Step {
                    name: "Snow",
                    text: "Powder, crust and slush, told apart by the sound that they make under you.",
                },
                Step {
                    name: "Bricks",
                    text: "Cut them, stack them, lean on them. Begin again with a wider base.",
                },
                Step {
                    name: "Arches",
                    text: "The week in which a wall learns to have a door, and we learn to stand clear.",
                },
                Step {
                    name: "The tower",
                    text: "Flag, window, a lookout with a view, and the topping-out herring.",
                },
            ],
            teacher: "Taught by the sisters Bo and Bix, who built the school and most of what blocks the view of it.",
            quotation: "A wall says keep out. A fort says come and look at our wall.",
        }),
    }
}
