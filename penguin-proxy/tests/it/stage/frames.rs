//! HTTP/2 as bytes: frames and header blocks that no library would send.

use super::Client;
use super::app::Connection;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(crate) const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// One frame as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The code of `RST_STREAM` or `GOAWAY`.
    pub(crate) fn code(&self) -> u32 {
        let code = &self.payload[self.payload.len().min(8) - 4..][..4];
        u32::from_be_bytes(code.try_into().unwrap())
    }

    fn read(mut exactly: impl FnMut(usize) -> Option<Vec<u8>>) -> Option<Self> {
        let head = exactly(9)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        Some(Self {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes(head[5..].try_into().unwrap()),
            payload: exactly(length)?,
        })
    }
}

impl Client {
    /// The next frame; none at the end of the connection.
    pub(crate) fn frame(&mut self) -> Option<Frame> {
        Frame::read(|count| self.exactly(count).ok())
    }

    /// The next frame that belongs to a stream or ends the connection.
    pub(crate) fn stream_frame(&mut self) -> Frame {
        loop {
            let frame = self.frame().expect("the connection goes on");
            if frame.stream != 0 || frame.kind == GOAWAY {
                return frame;
            }
        }
    }
}

impl Connection {
    /// Reads the preface of HTTP/2, and sends SETTINGS. False if the proxy only looks whether the port is open.
    pub(crate) fn speaks_http2(&mut self) -> bool {
        self.reads_preface() && self.send(SETTINGS)
    }

    /// Reads the preface of HTTP/2.
    pub(crate) fn reads_preface(&mut self) -> bool {
        let preface = self.exactly(PREFACE.len());
        preface.is_some_and(|preface| preface == PREFACE)
    }

    /// The next frame; none at the end of the connection.
    pub(crate) fn frame(&mut self) -> Option<Frame> {
        Frame::read(|count| self.exactly(count))
    }

    fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        let mut have = 0;
        while have < count {
            match self.read(&mut bytes[have..]) {
                0 => return None,
                more => have += more,
            }
        }
        Some(bytes)
    }
}

/// A frame as bytes.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// HEADERS that are a whole block.
pub(crate) fn headers(stream: u32, ends: bool, block: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | u8::from(ends), stream, block)
}

/// Fields as literals without indexing.
pub(crate) fn literals<N: AsRef<[u8]>, V: AsRef<[u8]>>(fields: &[(N, V)]) -> Vec<u8> {
    fields
        .iter()
        .flat_map(|(name, value)| literal(0, name.as_ref(), value.as_ref()))
        .collect()
}

/// A field as a literal that enters the dynamic table.
pub(crate) fn indexed(name: &str, value: &str) -> Vec<u8> {
    literal(0x40, name.as_bytes(), value.as_bytes())
}

fn literal(kind: u8, name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut block = vec![kind];
    for text in [name, value] {
        if text.len() < 0x7f {
            block.push(u8::try_from(text.len()).unwrap());
        } else {
            let rest = text.len() - 0x7f;
            assert!(rest < 1 << 14, "no longer text is needed here");
            let low = u8::try_from(rest & 0x7f).unwrap();
            block.extend([0x7f, low | 0x80, u8::try_from(rest >> 7).unwrap()]);
        }
        block.extend(text);
    }
    block
}

/// The pseudo-fields of `GET http://a/path`, none of which enters the dynamic table.
pub(crate) fn get(path: &str) -> Vec<u8> {
    [&[0x82, 0x86, 1, 1, b'a'][..], &literals(&[(":path", path)])].concat()
}
