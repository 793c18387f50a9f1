//! Privacy and terms. Each sentence must be true of the program: change the two together.

use serde::Serialize;

use super::{Content, OPENING_DAY, Page};

/// What a page of small print says, in a print that is not small.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Legal {
    /// The heading of the page.
    pub heading: &'static str,
    /// All of it in one sentence.
    pub lead: &'static str,
    /// The clauses, in order.
    pub clauses: &'static [Clause],
}

/// One clause.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Clause {
    /// The fragment by which a link can reach it.
    pub id: &'static str,
    /// What it is about.
    pub heading: &'static str,
    /// What it says.
    pub text: &'static str,
}

pub(super) fn privacy() -> Page {
    Page {
        path: "/privacy",
        template: "pages/legal.html",
        title: "Privacy",
        description: "What Penguin School’s site knows about its visitors: almost nothing. No cookies, no trackers, no \
                      forms, no third parties.",
        updated: OPENING_DAY,
        content: Content::Legal(Legal {
            heading: "Privacy",
            lead: "In short: we do not know who you are, and we like it that way.",
            clauses: &[
                Clause {
                    id: "cookies",
                    heading: "No cookies",
                    text: "This site sets none and stores nothing in your browser beyond the ordinary cache of pages \
                           and drawings. Cookies would freeze here anyway.",
                },
                Clause {
                    id: "third-parties",
                    heading: "No third parties",
                    text: "Every word, drawing, style and script comes from this site itself. No other company learns \
                           of your visit from us, and your browser is told to refuse if anybody should try.",
                },
                Clause {
                    id: "forms",
                    heading: "No forms",
                    text: "There is nothing to fill in. If you write to us, we read your letter, answer it, and keep it \
                           as long as it takes to answer.",
                },
                Clause {
                    id: "logs",
                    heading: "One line in a log",
                    text: "Our servers note each request in a log: when it came, from which network address, for which \
                           page, with which browser and how it was answered. We use it to find faults and to stop \
                           abuse, for nothing else, and delete it after a while.",
                },
                Clause {
                    id: "rights",
                    heading: "Your rights",
                    text: "Ask us what we know about you. The answer will be short. If you want something deleted, say \
                           so and it is gone.",
                },
            ],
        }),
    }
}

pub(super) fn terms() -> Page {
    Page {
        path: "/terms",
        template: "pages/legal.html",
        title: "Terms",
        description: "The terms of Penguin School’s site, in plain words: look around, copy the code, be kind, and do \
                      not take fishing advice literally.",
        updated: OPENING_DAY,
        content: Content::Legal(Legal {
            heading: "Terms",
            lead: "In short: look around, be kind, and do not sue us over a fish.",
            clauses: &[
                Clause {
                    id: "school",
                    heading: "About the school",
                    text: "Penguin School exists in the imagination of those who built this site. Its teachers, prices \
                           and promises are as real as you make them. No chick can be enrolled in law.",
                },
                Clause {
                    id: "use",
                    heading: "Using the site",
                    text: "It is free, needs no account and asks nothing of you. Please do not try to knock it over; \
                           that is what the snow forts are for.",
                },
                Clause {
                    id: "copying",
                    heading: "Copying",
                    text: "The words, the drawings and the code come under the MIT licence or the Apache License 2.0, \
                           whichever suits you. Take them, change them and build your own school.",
                },
                Clause {
                    id: "warranty",
                    heading: "No warranty",
                    text: "Everything here is offered as it is. We believe that it is right, but ice is ice.",
                },
                Clause {
                    id: "changes",
                    heading: "Changes",
                    text: "When these terms change, this page changes, and the date at its foot with it.",
                },
            ],
        }),
    }
}
