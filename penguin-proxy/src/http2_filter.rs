//! Frame filter between a socket and the h2 crate: one malformed message costs only its stream (RFC 9113 §8.1.1).
//!
//! h2 ends the whole connection when a field cannot be represented, and reports faults of framing and of compression
//! as `PROTOCOL_ERROR`. It has no setting for either. So every frame passes through here first:
//!
//! * Header blocks are decoded, so that the peer's dynamic table is always known, and checked. A well-formed block is
//!   forwarded as it came. In place of a malformed one h2 gets a block that it treats as a stream error: h2 resets the
//!   stream, on the wire and for whoever waits for it, and counts it.
//! * h2 has not seen the table entries of a malformed block. From then on blocks are forwarded as literals, for which
//!   its decoder needs no table.
//! * `WINDOW_UPDATE` without an increment resets its stream in the same way.
//! * Padding and priorities are removed, a block becomes as few frames as possible, `PRIORITY` and unknown frames are
//!   dropped. What breaks the connection ends it with the code that the specification names.
//!
//! Bytes in, bytes out: no I/O, no task.

mod connection_error;
mod fields;
mod frame;
mod hpack;
mod huffman;
mod outgoing;
mod shown;
mod streams;

pub use self::connection_error::ConnectionError;
pub use self::fields::{Flaw, Role};
use self::fields::{Message, Part};
use self::frame::{
    Block, CONTINUATION, DATA, END_HEADERS, END_STREAM, FRAME_HEAD, FRAME_LIMIT, FrameHead, GOAWAY, HEADERS,
    PREFACE, PRIORITY, PUSH_PROMISE, RST_STREAM, WINDOW_UPDATE, check_length, pass, strip, write_block,
};
use self::hpack::{Decoder, HpackError};
use self::outgoing::Outgoing;
use self::shown::Shown;
use self::streams::Streams;

/// Largest encoded header block, and the frames that it may come in.
const BLOCK_LIMIT: usize = 128 * 1024;
const BLOCK_FRAMES: usize = 32;
/// Buffers of at most this size are kept between blocks.
const KEPT: usize = 512;
/// `connection:`, without indexing: for h2 a malformed message, and nothing else.
const MALFORMED_BLOCK: &[u8] = b"\x00\x0aconnection\x00";

/// A message that was not forwarded.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong with it.
    pub flaw: Flaw,
    /// Of a request, not of its trailers: what a log line shows of it, as lines of HTTP/1.
    pub head: Option<Vec<u8>>,
}

/// The frames of one connection, both ways.
#[derive(Debug)]
pub struct Filter {
    role: Role,
    state: State,
    head: [u8; FRAME_HEAD],
    decoder: Decoder,
    /// The block that is being collected.
    block: Vec<u8>,
    open: Option<Block>,
    /// The `WINDOW_UPDATE` whose payload is being collected.
    window: Option<FrameHead>,
    /// h2's table differs from the peer's.
    literals: bool,
    streams: Streams,
    outgoing: Outgoing,
    resets: usize,
    malformed: Vec<Malformed>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// So much of the client's preface is still to come.
    Preface(usize),
    /// So much of a frame's head has come.
    Head(usize),
    /// So much of a payload is still to be forwarded, dropped or collected.
    Pass(usize),
    Drop(usize),
    Collect(usize),
}

impl Filter {
    /// For a connection whose other side sends these messages.
    pub fn new(role: Role) -> Self {
        Self {
            role,
            state: match role {
                Role::Requests => State::Preface(PREFACE),
                Role::Responses => State::Head(0),
            },
            head: [0; FRAME_HEAD],
            decoder: Decoder::new(role),
            block: Vec::new(),
            open: None,
            window: None,
            literals: false,
            streams: Streams::new(role),
            outgoing: Outgoing::new(match role {
                Role::Requests => 0,
                Role::Responses => PREFACE,
            }),
            resets: 0,
            malformed: Vec::new(),
        }
    }

    /// Bytes came: appends what h2 is to see of them.
    ///
    /// # Errors
    /// What ends the connection; what was appended before that is still good.
    pub fn received(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Result<(), ConnectionError> {
        while !input.is_empty() {
            match self.state {
                State::Preface(left) => {
                    let left = pass(&mut input, left, Some(out));
                    self.state = match left {
                        0 => State::Head(0),
                        _ => State::Preface(left),
                    };
                }
                State::Head(have) => {
                    let count = input.len().min(FRAME_HEAD - have);
                    let (taken, rest) = input.split_at(count);
                    self.head[have..have + count].copy_from_slice(taken);
                    input = rest;
                    self.state = State::Head(have + count);
                    if have + count == FRAME_HEAD {
                        self.begin(FrameHead::read(&self.head), out)?;
                    }
                }
                State::Pass(left) => self.state = State::Pass(pass(&mut input, left, Some(out))),
                State::Drop(left) => self.state = State::Drop(pass(&mut input, left, None)),
                State::Collect(left) => {
                    self.state = State::Collect(pass(&mut input, left, Some(&mut self.block)));
                }
            }
            if let State::Collect(0) = self.state {
                self.collected(out)?;
            }
            if let State::Pass(0) | State::Drop(0) | State::Collect(0) = self.state {
                self.state = State::Head(0);
            }
        }
        Ok(())
    }

    /// Bytes were sent.
    pub fn sent(&mut self, bytes: &[u8]) {
        self.outgoing.sent(bytes, |frame| match frame.kind {
            HEADERS => self.streams.sent_headers(frame.stream),
            RST_STREAM => {
                self.resets += 1;
                self.streams.end(frame.stream);
            }
            _ => {}
        });
    }

    /// Whether what was sent ends with a whole frame, so that another may follow.
    pub fn is_between_frames(&self) -> bool {
        self.outgoing.is_between_frames()
    }

    /// `RST_STREAM` frames that were sent.
    pub fn resets(&self) -> usize {
        self.resets
    }

    /// The messages that were not forwarded since the last call.
    pub fn take_malformed(&mut self) -> Vec<Malformed> {
        std::mem::take(&mut self.malformed)
    }

    /// A frame begins: decides what becomes of it.
    fn begin(&mut self, frame: FrameHead, out: &mut Vec<u8>) -> Result<(), ConnectionError> {
        if frame.length > FRAME_LIMIT {
            return Err(ConnectionError::frame_size("frame too large"));
        }
        self.check_order(frame)?;
        check_length(frame)?;
        self.state = match frame.kind {
            HEADERS => {
                self.open = Some(self.begin_block(frame)?);
                State::Collect(frame.length)
            }
            CONTINUATION => State::Collect(frame.length),
            PUSH_PROMISE => return Err(ConnectionError::protocol("PUSH_PROMISE is not allowed")),
            PRIORITY if frame.stream == 0 => {
                return Err(ConnectionError::protocol("PRIORITY without a stream"));
            }
            WINDOW_UPDATE => {
                self.window = Some(frame);
                State::Collect(frame.length)
            }
            DATA..=GOAWAY if frame.kind != PRIORITY => {
                if frame.kind == RST_STREAM || (frame.kind == DATA && frame.flags & END_STREAM != 0) {
                    self.streams.end(frame.stream);
                }
                frame.write(out);
                State::Pass(frame.length)
            }
            _ => State::Drop(frame.length),
        };
        Ok(())
    }

    /// Nothing stands between the frames of a block (RFC 9113 §4.3).
    fn check_order(&mut self, frame: FrameHead) -> Result<(), ConnectionError> {
        match &mut self.open {
            None if frame.kind == CONTINUATION => {
                Err(ConnectionError::protocol("CONTINUATION without HEADERS"))
            }
            None => Ok(()),
            Some(block) if frame.kind != CONTINUATION || frame.stream != block.stream => {
                Err(ConnectionError::protocol("header block without an end"))
            }
            Some(block) => {
                block.frames += 1;
                block.flags |= frame.flags & END_HEADERS;
                if block.frames > BLOCK_FRAMES || self.block.len() + frame.length > BLOCK_LIMIT {
                    return Err(ConnectionError::calm("header block too large"));
                }
                Ok(())
            }
        }
    }

    fn begin_block(&mut self, frame: FrameHead) -> Result<Block, ConnectionError> {
        let from_client = self.role == Role::Requests;
        if frame.stream == 0 || (from_client && frame.stream.is_multiple_of(2)) {
            return Err(ConnectionError::protocol("HEADERS on an invalid stream"));
        }
        Ok(Block {
            stream: frame.stream,
            flags: frame.flags,
            frames: 1,
        })
    }

    /// The payload of a frame with fields has come.
    fn collected(&mut self, out: &mut Vec<u8>) -> Result<(), ConnectionError> {
        if let Some(frame) = self.window.take() {
            self.pass_window_update(frame, out);
        }
        let Some(block) = &mut self.open else {
            return Ok(());
        };
        if block.frames == 1 {
            strip(&mut self.block, block.flags)?;
            block.flags &= END_STREAM | END_HEADERS;
        }
        if block.flags & END_HEADERS == 0 {
            return Ok(());
        }
        let block = *block;
        self.open = None;
        let passed = self.judge(block, out);
        self.block.clear();
        if self.block.capacity() > KEPT {
            self.block = Vec::new();
        }
        passed
    }

    /// Passes a `WINDOW_UPDATE` on. One without an increment is an error of its stream (RFC 9113 §6.9), which h2 takes for
    /// one of the connection.
    fn pass_window_update(&mut self, frame: FrameHead, out: &mut Vec<u8>) {
        let no_increment = matches!(self.block[..], [0 | 0x80, 0, 0, 0]);
        if no_increment && frame.stream != 0 {
            self.streams.end(frame.stream);
            let block = Block {
                stream: frame.stream,
                flags: END_STREAM,
                frames: 1,
            };
            write_block(block, MALFORMED_BLOCK, out);
        } else {
            frame.write(out);
            out.extend_from_slice(&self.block);
        }
        self.block.clear();
    }

    /// Passes a whole block on, or has h2 reset its stream.
    fn judge(&mut self, block: Block, out: &mut Vec<u8>) -> Result<(), ConnectionError> {
        let (part, room) = self.streams.received_headers(block.stream);
        if !room {
            return Err(ConnectionError::calm("too many streams"));
        }
        let mut message = Message::new(self.role, part);
        let mut literals = Vec::new();
        let show = self.role == Role::Requests && part == Part::Head;
        let mut shown = show.then(Shown::new);
        let decoded = self.decoder.decode(&self.block, |field| {
            message.field(field.class);
            if self.literals {
                hpack::encode_literal(field.name, field.value, &mut literals);
            }
            if let Some(shown) = &mut shown {
                shown.field(field.name, field.value);
            }
        });
        decoded.map_err(|error| match error {
            HpackError::Invalid => ConnectionError::compression("invalid header compression"),
            HpackError::TooLarge => ConnectionError::calm("too many headers"),
        })?;
        if block.flags & END_STREAM != 0 {
            self.streams.end(block.stream);
        } else if !message.is_informational() {
            self.streams.has_head(block.stream);
        }
        if let Some(flaw) = message.flaw() {
            self.literals = true;
            self.malformed.push(Malformed {
                flaw,
                head: shown.map(|shown| shown.lines()),
            });
            write_block(block, MALFORMED_BLOCK, out);
        } else if self.literals {
            write_block(block, &literals, out);
        } else {
            write_block(block, &self.block, out);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
