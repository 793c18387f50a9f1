//! A client that sends exactly the bytes it is given, and reads answers strictly.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use super::PATIENCE;

/// One connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The value of a field, by its name in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).expect("a connection"))
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream
            .write_all(bytes.as_ref())
            .expect("the proxy takes bytes");
        self
    }

    /// Sends bytes, unless the connection is closed.
    pub(crate) fn try_send(&mut self, bytes: &str) -> bool {
        self.stream.write_all(bytes.as_bytes()).is_ok()
    }

    /// Waits for the first byte; true if the connection is reset instead.
    pub(crate) fn is_reset(&self) -> bool {
        let first = self.stream.peek(&mut [0]);
        first.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
    }

    /// Sends GET and reads the answer.
    pub(crate) fn get(&mut self, target: &str) -> Reply {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: penguin.example\r\n\r\n"));
        self.reply()
    }

    /// Closes the sending side.
    pub(crate) fn finish_sending(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Resets the connection.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.stream)
            .set_linger(Some(std::time::Duration::ZERO))
            .unwrap();
    }

    /// Reads one answer to anything but HEAD.
    pub(crate) fn reply(&mut self) -> Reply {
        self.reply_to("GET").unwrap_or_else(|| {
            panic!(
                "the connection ended without an answer; unread: {:?}",
                self.unread
            )
        })
    }

    /// Reads one answer; none if the connection ends first.
    pub(crate) fn reply_to(&mut self, method: &str) -> Option<Reply> {
        let head = self.head()?;
        let status: u16 = head[9..12]
            .parse()
            .unwrap_or_else(|_| panic!("no status: {head}"));
        let mut reply = Reply {
            status,
            head,
            body: Vec::new(),
        };
        let bodiless = method == "HEAD" || status == 204 || status == 304 || status < 200;
        reply.body = if bodiless {
            Vec::new()
        } else if let Some(length) = reply.field("content-length") {
            let length: usize = length.parse().unwrap();
            self.exactly(length)
                .unwrap_or_else(|got| panic!("promised {length} bytes and sent {got}"))
        } else if reply.field("transfer-encoding") == Some("chunked") {
            self.chunked()
                .unwrap_or_else(|| panic!("the chunked body broke off"))
        } else {
            self.rest().expect("a close in order")
        };
        Some(reply)
    }

    /// Reads a head; none if the connection ends before its first byte.
    pub(crate) fn head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                let head: Vec<u8> = self.unread.drain(..end + 4).collect();
                return Some(String::from_utf8(head).unwrap());
            }
            if !self.more() {
                assert!(
                    self.unread.is_empty(),
                    "half a head: {}",
                    String::from_utf8_lossy(&self.unread)
                );
                return None;
            }
        }
    }

    /// Reads a number of bytes, or tells how many came.
    pub(crate) fn exactly(&mut self, count: usize) -> Result<Vec<u8>, usize> {
        while self.unread.len() < count {
            if !self.more() {
                return Err(self.unread.len());
            }
        }
        Ok(self.unread.drain(..count).collect())
    }

    /// Reads one chunk; empty at the end, none if the connection ends in the middle.
    pub(crate) fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = self.line()?;
        let size = usize::from_str_radix(&size, 16).unwrap_or_else(|_| panic!("no chunk size: {size:?}"));
        if size == 0 {
            return Some(Vec::new());
        }
        let data = self.exactly(size).ok()?;
        assert_eq!(self.line()?, "", "a chunk ends with CRLF");
        Some(data)
    }

    /// Reads one line without its end.
    pub(crate) fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|window| window == b"\r\n") {
                let line: Vec<u8> = self.unread.drain(..end + 2).collect();
                return Some(String::from_utf8(line[..end].to_vec()).unwrap());
            }
            if !self.more() {
                return None;
            }
        }
    }

    fn chunked(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                while !self.line()?.is_empty() {}
                return Some(body);
            }
            body.extend(chunk);
        }
    }

    /// Reads until the connection is closed; none if it is reset.
    pub(crate) fn rest(&mut self) -> Option<Vec<u8>> {
        loop {
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Some(std::mem::take(&mut self.unread)),
                Ok(count) => self.unread.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("neither an end nor a reset: {error}"),
            }
        }
    }

    /// Reads at most so many bytes, as they come; none at the end.
    pub(crate) fn some(&mut self, most: usize) -> Vec<u8> {
        let mut buffer = vec![0; most];
        let count = self.stream.read(&mut buffer).expect("bytes or the end");
        buffer.truncate(count);
        buffer
    }

    /// Whether the proxy has closed the connection, in whatever way.
    pub(crate) fn is_closed(&mut self) -> bool {
        !self.more()
    }

    fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.unread.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("nothing came: {error}"),
        }
    }
}
