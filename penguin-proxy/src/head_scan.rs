//! Looks at the raw bytes of a client's connection before the HTTP parser does.
//!
//! It tells what a parser does not: line ends that are not CRLF, two framing headers, sloppy chunk sizes. It follows each message from its first
//! byte to its last, so that it always knows which bytes are a head, and refuses at the first byte after which
//! two parsers could disagree about where a message ends.
//!
//! It must not know of sockets or of the parser: bytes go in, in any pieces, and [`Event`]s come out. The verdict
//! on a stream of bytes never depends on how the stream was cut.
//!
//! A connection does best to hold back the bytes of a head until [`Event::Head`]: then the parser never meets a
//! head that it would refuse in its own words, and a refusal can be answered, logged and counted like any request.
//!
//! ```
//! use penguin_proxy::head_scan::{Event, Framing, HeadScan, ScanLimits};
//!
//! let mut scan = HeadScan::new(ScanLimits::default());
//! let bytes = b"GET / HTTP/1.1\r\nHost: penguin.example\r\n\r\nGET /next";
//! let step = scan.next(bytes);
//! assert_eq!((step.taken, step.event), (41, Event::Head(Framing::Length(0))));
//! // The bytes that were not taken belong to the next message.
//! assert_eq!(scan.next(&bytes[41..]).event, Event::Partial);
//! ```

mod chunked;
mod field;
mod line;
mod request_line;

use crate::reject_reason::RejectReason;
use crate::request_limits::{FIELD_LIMIT, HEAD_LIMIT, TARGET_LIMIT};

use self::chunked::Chunked;
use self::field::FramingFields;
use self::line::{Line, Unfinished};

/// How much of each thing a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanLimits {
    /// Bytes of the request target; beyond it 414.
    pub target: usize,
    /// Bytes of the head from the request line to the empty line; beyond it 431.
    pub head: usize,
    /// Fields of a head, and of the trailers; beyond it 431.
    pub fields: usize,
    /// Bytes of chunk extensions in one body; beyond it 400.
    pub chunk_extension: usize,
    /// Bytes of the trailers of one body; beyond it 431.
    pub trailers: usize,
    /// Empty lines that are forgiven before a request line (RFC 9112 §2.2); beyond it 400.
    pub empty_lines: usize,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self {
            target: TARGET_LIMIT,
            head: HEAD_LIMIT,
            fields: FIELD_LIMIT,
            chunk_extension: 256,
            trailers: 8 * 1024,
            empty_lines: 2,
        }
    }
}

/// Where a message ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// So many bytes after the head; 0 is a message without a body.
    Length(u64),
    /// With the last chunk and its trailers.
    Chunked,
}

/// What the bytes taken by one step were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Part of a head or a body that goes on.
    Partial,
    /// The last bytes of a head.
    Head(Framing),
    /// The last bytes of a body. Not told of a message without one.
    End,
    /// Nothing more can be told from this connection; it must end after the response.
    Refused(RejectReason),
}

/// One step: how many of the given bytes were looked at, and what they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Bytes from the front of the input; the next step is given the rest.
    pub taken: usize,
    /// What they were.
    pub event: Event,
}

/// The scanner of one connection.
#[derive(Debug)]
pub struct HeadScan {
    limits: ScanLimits,
    stage: Stage,
    line: Unfinished,
    server_wide: bool,
}

#[derive(Debug)]
enum Stage {
    /// Before a request line; so many empty lines were skipped.
    Between { empty: usize },
    /// Within the fields of a head.
    Fields(Head),
    /// Within a body of known length; so many bytes are to come.
    Length(u64),
    /// Within a chunked body.
    Chunked(Chunked),
    /// Refused; nothing more is looked at.
    Refused(RejectReason),
}

#[derive(Debug)]
struct Head {
    bytes: usize,
    count: usize,
    http10: bool,
    framing: FramingFields,
}

impl HeadScan {
    /// A scanner that stands before the first request of a connection.
    pub fn new(limits: ScanLimits) -> Self {
        Self {
            limits,
            stage: Stage::Between { empty: 0 },
            line: Unfinished::default(),
            server_wide: false,
        }
    }

    /// Looks at the next bytes, up to the end of a head, the end of a body, or the end of the input.
    ///
    /// Call it again with the bytes that were not taken. An empty input is [`Event::Partial`].
    pub fn next(&mut self, bytes: &[u8]) -> Step {
        match self.advance(bytes) {
            Ok(step) => step,
            Err(refusal) => {
                self.stage = Stage::Refused(refusal);
                self.line.clear();
                Step {
                    taken: 0,
                    event: Event::Refused(refusal),
                }
            }
        }
    }

    /// Whether the last request is OPTIONS for the server as a whole in absolute form: `http://a`.
    pub fn is_server_wide(&self) -> bool {
        self.server_wide
    }

    fn advance(&mut self, bytes: &[u8]) -> Result<Step, RejectReason> {
        let mut taken = 0;
        let in_head = matches!(self.stage, Stage::Between { .. } | Stage::Fields(_));
        let head = line::head_of(bytes);
        let clean = if in_head && line::is_clean(head) {
            head.len()
        } else {
            0
        };
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            let step = match &mut self.stage {
                Stage::Between { .. } => self.request_line(rest, taken < clean)?,
                Stage::Fields(_) => self.field(rest, taken < clean)?,
                Stage::Length(left) => {
                    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= here as u64;
                    let event = if *left == 0 { self.end() } else { Event::Partial };
                    Step { taken: here, event }
                }
                Stage::Chunked(chunked) => {
                    let (here, ended) = chunked.next(rest, &mut self.line, &self.limits)?;
                    let event = if ended { self.end() } else { Event::Partial };
                    Step { taken: here, event }
                }
                Stage::Refused(refusal) => return Err(*refusal),
            };
            taken += step.taken;
            if step.event != Event::Partial {
                return Ok(Step {
                    taken,
                    event: step.event,
                });
            }
        }
        Ok(Step {
            taken,
            event: Event::Partial,
        })
    }

    fn end(&mut self) -> Event {
        self.stage = Stage::Between { empty: 0 };
        Event::End
    }

    fn request_line(&mut self, bytes: &[u8], clean: bool) -> Result<Step, RejectReason> {
        let Stage::Between { empty } = &mut self.stage else {
            return Ok(Step {
                taken: 0,
                event: Event::Partial,
            });
        };
        let begun = self.line.len();
        let longest = self
            .limits
            .head
            .min(self.limits.target.saturating_add(request_line::AROUND_TARGET));
        let (text, taken) = match self.line.next(bytes, longest.saturating_sub(begun), clean) {
            Line::Partial => {
                return Ok(Step {
                    taken: bytes.len(),
                    event: Event::Partial,
                });
            }
            Line::TooLong => return Err(RejectReason::TargetTooLong),
            Line::Faulty(refusal) => return Err(refusal),
            Line::Complete { text, taken } => (text, taken),
        };
        if text.is_empty() {
            *empty += 1;
            if *empty > self.limits.empty_lines {
                return Err(RejectReason::EmptyLines);
            }
        } else {
            let line = request_line::read(text, self.limits.target)?;
            self.server_wide = line.server_wide;
            self.stage = Stage::Fields(Head {
                bytes: begun + taken,
                count: 0,
                http10: line.http10,
                framing: FramingFields::default(),
            });
        }
        self.line.clear();
        Ok(Step {
            taken,
            event: Event::Partial,
        })
    }

    fn field(&mut self, bytes: &[u8], clean: bool) -> Result<Step, RejectReason> {
        let Stage::Fields(head) = &mut self.stage else {
            return Ok(Step {
                taken: 0,
                event: Event::Partial,
            });
        };
        let budget = self.limits.head.saturating_sub(head.bytes);
        let (text, taken) = match self.line.next(bytes, budget, clean) {
            Line::Partial => {
                head.bytes += bytes.len();
                return Ok(Step {
                    taken: bytes.len(),
                    event: Event::Partial,
                });
            }
            Line::TooLong => return Err(RejectReason::HeadTooLarge),
            Line::Faulty(refusal) => return Err(refusal),
            Line::Complete { text, taken } => (text, taken),
        };
        head.bytes += taken;
        let ended = text.is_empty();
        if !ended {
            head.count += 1;
            if head.count > self.limits.fields {
                return Err(RejectReason::TooManyFields);
            }
            head.framing.read(text, head.http10)?;
        }
        let framing = head.framing.framing();
        self.line.clear();
        if !ended {
            return Ok(Step {
                taken,
                event: Event::Partial,
            });
        }
        self.stage = match framing {
            Framing::Length(0) => Stage::Between { empty: 0 },
            Framing::Length(length) => Stage::Length(length),
            Framing::Chunked => Stage::Chunked(Chunked::default()),
        };
        Ok(Step {
            taken,
            event: Event::Head(framing),
        })
    }
}

#[cfg(test)]
mod tests;
