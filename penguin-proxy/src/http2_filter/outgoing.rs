//! Frame tracker of what the proxy sends on a connection.

use super::frame::{CONTINUATION, END_HEADERS, FRAME_HEAD, FrameHead, HEADERS, pass};

/// The frames that were sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// What comes ahead of the first frame.
    preface: usize,
    head: [u8; FRAME_HEAD],
    have: usize,
    /// What is still to be sent of the present frame.
    left: usize,
    /// A header block has begun and not ended.
    in_block: bool,
}

impl Outgoing {
    pub(super) fn new(preface: usize) -> Self {
        Self {
            preface,
            head: [0; FRAME_HEAD],
            have: 0,
            left: 0,
            in_block: false,
        }
    }

    /// Follows bytes that were sent, and tells of every frame that begins.
    pub(super) fn sent(&mut self, mut bytes: &[u8], mut begins: impl FnMut(FrameHead)) {
        while !bytes.is_empty() {
            if self.preface > 0 {
                self.preface = pass(&mut bytes, self.preface, None);
            } else if self.left > 0 {
                self.left = pass(&mut bytes, self.left, None);
            } else {
                let count = bytes.len().min(FRAME_HEAD - self.have);
                let (taken, rest) = bytes.split_at(count);
                self.head[self.have..self.have + count].copy_from_slice(taken);
                (self.have, bytes) = (self.have + count, rest);
                if self.have == FRAME_HEAD {
                    self.have = 0;
                    let frame = FrameHead::read(&self.head);
                    self.left = frame.length;
                    if matches!(frame.kind, HEADERS | CONTINUATION) {
                        self.in_block = frame.flags & END_HEADERS == 0;
                    }
                    begins(frame);
                }
            }
        }
    }

    /// Whether another frame may follow.
    pub(super) fn is_between_frames(&self) -> bool {
        self.preface == 0 && self.have == 0 && self.left == 0 && !self.in_block
    }
}
