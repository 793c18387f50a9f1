//! HPACK decoder (RFC 7541): follows the dynamic table of a peer's encoder, with the class of every entry.
//!
//! Decoding never fails because of what a field holds, only because of how a block is encoded.

use std::collections::VecDeque;

use super::fields::{Class, Role};
use super::huffman;

/// The size of the dynamic table that HTTP/2 begins with, and that neither side of this proxy changes.
const TABLE_SIZE: usize = 4096;
/// What an entry counts beside its name and value (RFC 7541 §4.1).
const PER_ENTRY: usize = 32;
/// Fields of one block, as RFC 9113 §6.5.2 counts them. More than h2's limit, which answers with 431 below this.
const LIST_LIMIT: usize = 256 * 1024;

/// A buffer of at most this size is kept between blocks.
const KEPT: usize = 512;

/// The static table (RFC 7541 Appendix A), from index 1 on.
#[rustfmt::skip]
const STATIC: [(&str, &str); 61] = [
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
    (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
    (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
    ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
    ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""),
    ("etag", ""), ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""),
    ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""),
    ("last-modified", ""), ("link", ""), ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""),
    ("proxy-authorization", ""), ("range", ""), ("referer", ""), ("refresh", ""), ("retry-after", ""),
    ("server", ""), ("set-cookie", ""), ("strict-transport-security", ""), ("transfer-encoding", ""),
    ("user-agent", ""), ("vary", ""), ("via", ""), ("www-authenticate", ""),
];

/// Why a block cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HpackError {
    /// Not HPACK.
    Invalid,
    /// More fields than are looked at.
    TooLarge,
}

/// One field of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) class: Class,
}

/// An entry of the dynamic table: name and value in one piece.
#[derive(Debug)]
struct Entry {
    text: Box<[u8]>,
    name_length: usize,
    class: Class,
}

impl Entry {
    fn field(&self) -> Field<'_> {
        let (name, value) = self.text.split_at(self.name_length);
        Field {
            name,
            value,
            class: self.class,
        }
    }

    fn size(&self) -> usize {
        self.text.len() + PER_ENTRY
    }
}

/// The state that one side of a connection keeps over all its blocks.
#[derive(Debug)]
pub(super) struct Decoder {
    role: Role,
    /// The newest first.
    entries: VecDeque<Entry>,
    size: usize,
    max_size: usize,
    /// The literal that is being decoded: name and value in one piece.
    text: Vec<u8>,
}

impl Decoder {
    pub(super) fn new(role: Role) -> Self {
        Self {
            role,
            entries: VecDeque::new(),
            size: 0,
            max_size: TABLE_SIZE,
            text: Vec::new(),
        }
    }

    /// Decodes a whole block, field by field.
    ///
    /// # Errors
    /// Whatever leaves the table in doubt, or more fields than are looked at.
    pub(super) fn decode(&mut self, block: &[u8], mut each: impl FnMut(Field<'_>)) -> Result<(), HpackError> {
        let mut input = Input(block);
        let mut text = std::mem::take(&mut self.text);
        let mut list_size = 0;
        let mut fields = 0;
        while let Some(&first) = input.0.first() {
            if first & 0b1110_0000 == 0b0010_0000 {
                // Size updates stand at the beginning of a block (RFC 7541 §4.2).
                let size = input.integer(5)?;
                if fields > 0 || size > TABLE_SIZE {
                    return Err(HpackError::Invalid);
                }
                self.max_size = size;
                self.evict(0);
                continue;
            }
            fields += 1;
            let mut take = |field: Field<'_>| {
                list_size += field.name.len() + field.value.len() + PER_ENTRY;
                if list_size > LIST_LIMIT {
                    return Err(HpackError::TooLarge);
                }
                each(field);
                Ok(())
            };
            if first & 0b1000_0000 != 0 {
                let index = input.integer(7)?;
                take(self.get(index)?)?;
                continue;
            }
            let indexed = first & 0b0100_0000 != 0;
            let index = input.integer(if indexed { 6 } else { 4 })?;
            text.clear();
            if index == 0 {
                input.string(&mut text)?;
            } else {
                text.extend_from_slice(self.get(index)?.name);
            }
            let name_length = text.len();
            input.string(&mut text)?;
            let (name, value) = text.split_at(name_length);
            let class = Class::of(self.role, name, value);
            take(Field { name, value, class })?;
            if indexed {
                self.insert(&text, name_length, class);
            }
        }
        if text.capacity() <= KEPT {
            self.text = text;
        }
        Ok(())
    }

    fn get(&self, index: usize) -> Result<Field<'_>, HpackError> {
        let index = index.checked_sub(1).ok_or(HpackError::Invalid)?;
        if let Some((name, value)) = STATIC.get(index) {
            let (name, value) = (name.as_bytes(), value.as_bytes());
            return Ok(Field {
                name,
                value,
                class: Class::of(self.role, name, value),
            });
        }
        let entry = self.entries.get(index - STATIC.len());
        entry.map(Entry::field).ok_or(HpackError::Invalid)
    }

    fn insert(&mut self, text: &[u8], name_length: usize, class: Class) {
        let size = text.len() + PER_ENTRY;
        self.evict(size);
        // What is larger than the table empties it and is not kept (RFC 7541 §4.4).
        if size <= self.max_size {
            self.size += size;
            self.entries.push_front(Entry {
                text: text.into(),
                name_length,
                class,
            });
        }
    }

    /// Makes room.
    fn evict(&mut self, room: usize) {
        while self.size + room > self.max_size
            && let Some(oldest) = self.entries.pop_back()
        {
            self.size -= oldest.size();
        }
    }
}

/// What is left of a block.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Result<u8, HpackError> {
        let (first, rest) = self.0.split_first().ok_or(HpackError::Invalid)?;
        self.0 = rest;
        Ok(*first)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], HpackError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(HpackError::Invalid)?;
        self.0 = rest;
        Ok(taken)
    }

    /// An integer whose first byte has `bits` bits of it (RFC 7541 §5.1): at most four more bytes.
    fn integer(&mut self, bits: u32) -> Result<usize, HpackError> {
        let mask = (1_usize << bits) - 1;
        let mut value = usize::from(self.byte()?) & mask;
        if value < mask {
            return Ok(value);
        }
        for shift in [0, 7, 14, 21] {
            let byte = usize::from(self.byte()?);
            value += (byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(HpackError::Invalid)
    }

    /// Appends a string.
    fn string(&mut self, out: &mut Vec<u8>) -> Result<(), HpackError> {
        let huffman = self.0.first().is_some_and(|first| first & 0x80 != 0);
        let length = self.integer(7)?;
        let bytes = self.take(length)?;
        if !huffman {
            out.extend_from_slice(bytes);
        } else if !huffman::decode(bytes, out) {
            return Err(HpackError::Invalid);
        }
        Ok(())
    }
}

/// Appends a field as a literal that needs no table and enters none.
pub(super) fn encode_literal(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.push(0);
    for text in [name, value] {
        encode_length(text.len(), out);
        out.extend_from_slice(text);
    }
}

/// A length with seven bits in the first byte.
fn encode_length(length: usize, out: &mut Vec<u8>) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "each piece has at most seven bits"
    )]
    let piece = |bits: usize| (bits & 0x7f) as u8;
    if length < 0x7f {
        out.push(piece(length));
        return;
    }
    out.push(0x7f);
    let mut rest = length - 0x7f;
    while rest > 0x7f {
        out.push(piece(rest) | 0x80);
        rest >>= 7;
    }
    out.push(piece(rest));
}

#[cfg(test)]
mod tests;
