//! HTTP/1.1 client connection. Hand-written, since HTTP clients retry and pool, which would hide what is measured.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::report::{Outcome, Phase};

/// Maximum size of a response head or chunk size line.
const LONGEST_HEAD: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    opened: Instant,
    answers: u32,
    phase: Phase,
    /// Received bytes that are not consumed yet.
    buffer: Vec<u8>,
}

/// Why a response is incomplete.
enum Torn {
    Ended,
    Failed(io::Error),
    Garbled(String),
}

impl Connection {
    pub(super) async fn open(target: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(target).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            opened: Instant::now(),
            answers: 0,
            phase: Phase::Sending,
            buffer: Vec::new(),
        })
    }

    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    /// Returns the number of complete responses.
    pub(super) fn answers(&self) -> u32 {
        self.answers
    }

    /// Returns the phase of the current exchange.
    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns true if the peer closed the connection or sent unexpected data.
    pub(super) fn is_over(&self) -> bool {
        let waiting = self.stream.try_read(&mut [0]);
        !self.buffer.is_empty() || !waiting.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Sends one or several requests at once.
    pub(super) async fn send(&mut self, requests: &str) {
        self.phase = Phase::Sending;
        // A response may have been received before the peer closed.
        if self.stream.write_all(requests.as_bytes()).await.is_ok() {
            self.phase = Phase::Waiting;
        }
    }

    /// Reads the next complete response. Extra bytes are an error unless `more` responses are due.
    pub(super) async fn receive(&mut self, more: bool) -> Outcome {
        let outcome = match self.read_response().await {
            Ok(Outcome::Decision { last, .. }) if !self.buffer.is_empty() && (last || !more) => {
                let extra = self.buffer.len();
                Err(Torn::Garbled(format!(
                    "{extra} bytes after the end of the response"
                )))
            }
            other => other,
        };
        match outcome {
            Ok(outcome) => {
                self.answers += 1;
                if more {
                    self.phase = Phase::Waiting;
                }
                outcome
            }
            Err(torn) => {
                let how = match torn {
                    Torn::Ended => "closed".to_owned(),
                    Torn::Failed(error) => error.to_string(),
                    Torn::Garbled(what) => what,
                };
                Outcome::Lost {
                    phase: self.phase,
                    how,
                }
            }
        }
    }

    async fn read_response(&mut self) -> Result<Outcome, Torn> {
        let head = loop {
            let head = Head::parse(&self.line_block().await?)?;
            // Interim responses.
            if !(100..200).contains(&head.status) {
                break head;
            }
            self.phase = Phase::Waiting;
        };
        self.phase = Phase::Body;
        let mut last = head.close;
        match head.body {
            Body::None => {}
            Body::Length(length) => self.skip(length).await?,
            Body::Chunked => self.skip_chunks().await?,
            Body::UntilClose => {
                last = true;
                while self.more().await? {}
                self.buffer.clear();
            }
        }
        Ok(Outcome::Decision {
            status: head.status,
            retry_after: head.retry_after,
            last,
        })
    }

    /// Reads up to the next empty line.
    async fn line_block(&mut self) -> Result<String, Torn> {
        let end = self.find(b"\r\n\r\n").await?;
        let head: Vec<u8> = self.buffer.drain(..end + 4).take(end).collect();
        String::from_utf8(head).map_err(|_| Torn::Garbled("a head that is not UTF-8".to_owned()))
    }

    async fn skip(&mut self, length: usize) -> Result<(), Torn> {
        while self.buffer.len() < length {
            self.must_go_on().await?;
        }
        self.buffer.drain(..length);
        Ok(())
    }

    async fn skip_chunks(&mut self) -> Result<(), Torn> {
        loop {
            let end = self.find(b"\r\n").await?;
            let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
            let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)
                .map_err(|_| Torn::Garbled(format!("a chunk of size {line:?}")))?;
            if size == 0 {
                break;
            }
            self.skip(end + 2 + size).await?;
            if self.find(b"\r\n").await? != 0 {
                return Err(Torn::Garbled("a chunk longer than it says".to_owned()));
            }
            self.buffer.drain(..2);
        }
        // Last chunk and trailers end with an empty line.
        self.line_block().await.map(|_| ())
    }

    /// Returns the position of `pattern`.
    async fn find(&mut self, pattern: &[u8]) -> Result<usize, Torn> {
        loop {
            if let Some(at) = self
                .buffer
                .windows(pattern.len())
                .position(|window| window == pattern)
            {
                return Ok(at);
            }
            if self.buffer.len() > LONGEST_HEAD {
                return Err(Torn::Garbled("a head without an end".to_owned()));
            }
            self.must_go_on().await?;
        }
    }

    async fn must_go_on(&mut self) -> Result<(), Torn> {
        if self.more().await? {
            Ok(())
        } else {
            Err(Torn::Ended)
        }
    }

    /// Reads more data; returns false at the end of the stream.
    async fn more(&mut self) -> Result<bool, Torn> {
        let count = self
            .stream
            .read_buf(&mut self.buffer)
            .await
            .map_err(Torn::Failed)?;
        if count > 0 && matches!(self.phase, Phase::Sending | Phase::Waiting) {
            self.phase = Phase::Head;
        }
        Ok(count > 0)
    }
}

/// Parts of a response head that determine its framing.
struct Head {
    status: u16,
    body: Body,
    close: bool,
    retry_after: bool,
}

enum Body {
    None,
    Length(usize),
    Chunked,
    UntilClose,
}

impl Head {
    fn parse(text: &str) -> Result<Self, Torn> {
        let mut lines = text.split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let status = status_line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3))
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| Torn::Garbled(format!("invalid status line {status_line:?}")))?;
        let mut head = Self {
            status,
            body: Body::UntilClose,
            close: false,
            retry_after: false,
        };
        for line in lines {
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| Torn::Garbled(format!("a header line {line:?}")))?;
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => {
                    let length = value
                        .parse()
                        .map_err(|_| Torn::Garbled(format!("a Content-Length of {value:?}")))?;
                    if !matches!(head.body, Body::Chunked) {
                        head.body = Body::Length(length);
                    }
                }
                "transfer-encoding" if value.eq_ignore_ascii_case("chunked") => head.body = Body::Chunked,
                "connection" => head.close |= value.eq_ignore_ascii_case("close"),
                "retry-after" => head.retry_after = true,
                _ => {}
            }
        }
        if matches!(status, 100..200 | 204 | 304) {
            head.body = Body::None;
        }
        Ok(head)
    }
}
