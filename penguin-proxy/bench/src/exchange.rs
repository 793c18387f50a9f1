//! One request at a time, and connections that then do nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::load::answer::{Answer, field};

/// What one answer was.
#[derive(Debug)]
pub struct Seen {
    pub coding: String,
    pub has_id: bool,
    /// Kept open.
    pub stream: TcpStream,
}

/// Asks once, on a connection of its own.
pub fn once(proxy: SocketAddr, request: &[u8]) -> Result<Seen> {
    let mut stream = TcpStream::connect(proxy)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(request)?;
    let mut answer = Answer::default();
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = stream.read(&mut buffer)?;
        ensure!(count > 0, "the proxy closed the connection");
        if answer.feed(&buffer[..count])? {
            let value = |name| field(answer.head(), name);
            return Ok(Seen {
                coding: value("content-encoding").unwrap_or("").to_owned(),
                has_id: value("x-request-id").is_some(),
                stream,
            });
        }
    }
}
