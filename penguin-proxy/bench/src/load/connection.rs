//! One client connection: connects, asks, reads the answer.

use std::io::{ErrorKind, Read, Write};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::answer::Answer;
use super::{Load, Pace};

/// A connection of the load.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    connected: bool,
    /// What of the request the proxy has not taken yet.
    left: Vec<u8>,
    /// Since when the answer is waited for.
    asked: Option<Instant>,
    opened: Instant,
    fresh: bool,
    answer: Answer,
}

/// What an event brought.
#[derive(Debug)]
pub enum Progress {
    /// Nothing that counts.
    Under,
    /// It is connected and can ask.
    Ready,
    /// It has its answer.
    Answered { asked: Instant, body: u64 },
}

impl Connection {
    /// Begins to connect.
    pub fn open(load: &Load<'_>, registry: &Registry, token: Token) -> Result<Self> {
        let opened = Instant::now();
        let mut stream = TcpStream::connect(load.proxy).context("a connection to the proxy")?;
        stream.set_nodelay(true)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            connected: false,
            left: Vec::new(),
            asked: None,
            opened,
            fresh: load.pace == Pace::Fresh,
            answer: Answer::default(),
        })
    }

    /// Sends a request that was due at `since`; with a new connection for each, when that began to connect.
    pub fn ask(&mut self, request: &[u8], since: Instant) -> Result<()> {
        self.asked = Some(if self.fresh { self.opened } else { since });
        let sent = self.write(request)?;
        self.left.extend_from_slice(&request[sent..]);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match self.stream.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            sent => sent.context("a request"),
        }
    }

    /// Takes what an event brought, through a buffer that is anybody's.
    pub fn advance(&mut self, readable: bool, buffer: &mut [u8]) -> Result<Progress> {
        if !self.connected {
            if let Some(error) = self.stream.take_error()? {
                return Err(error).context("a connection to the proxy");
            }
            self.connected = true;
            return Ok(Progress::Ready);
        }
        while !self.left.is_empty() {
            let left = std::mem::take(&mut self.left);
            let sent = self.write(&left)?;
            self.left.extend_from_slice(&left[sent..]);
            if sent == 0 {
                break;
            }
        }
        let Some(asked) = self.asked.filter(|_| readable) else {
            return Ok(Progress::Under);
        };
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => bail!("the proxy closed the connection before the answer was complete"),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Progress::Under),
                Err(error) => return Err(error).context("an answer"),
            };
            if self.answer.feed(&buffer[..count])? {
                let body = self.answer.body;
                self.answer.clear();
                self.asked = None;
                return Ok(Progress::Answered { asked, body });
            }
            if count < buffer.len() {
                return Ok(Progress::Under);
            }
        }
    }
}
