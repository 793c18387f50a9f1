//! Open streams, and which frames may follow on each.

use super::fields::{Part, Role};

/// More streams than any client has that keeps to the number it is given, and than are worth a longer search.
const MOST: usize = 1024;

/// The receiving sides of a connection's streams.
#[derive(Debug)]
pub(super) struct Streams {
    role: Role,
    /// The highest stream that was opened.
    highest: u32,
    /// Each with whether its head has come.
    open: Vec<(u32, bool)>,
}

impl Streams {
    pub(super) fn new(role: Role) -> Self {
        Self {
            role,
            highest: 0,
            open: Vec::new(),
        }
    }

    /// HEADERS come: what they belong to. False in the second place when there are too many streams.
    pub(super) fn received_headers(&mut self, stream: u32) -> (Part, bool) {
        if self.role == Role::Requests && stream > self.highest {
            self.open(stream, true);
            return (Part::Head, self.open.len() <= MOST);
        }
        let part = match self.open.iter().find(|(open, _)| *open == stream) {
            Some((_, true)) => Part::Trailers,
            Some((_, false)) => Part::Head,
            None => Part::Unknown,
        };
        (part, true)
    }

    /// HEADERS were sent: on a new stream they are a request.
    pub(super) fn sent_headers(&mut self, stream: u32) {
        if self.role == Role::Responses && stream > self.highest {
            self.open(stream, false);
        }
    }

    fn open(&mut self, stream: u32, has_head: bool) {
        self.highest = stream;
        self.open.push((stream, has_head));
    }

    /// The final head has come.
    pub(super) fn has_head(&mut self, stream: u32) {
        if let Some((_, has_head)) = self.open.iter_mut().find(|(open, _)| *open == stream) {
            *has_head = true;
        }
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self, stream: u32) {
        self.open.retain(|(open, _)| *open != stream);
    }
}
