//! A client that sees every byte: what a friendly HTTP library would repair must show.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer as it came.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The value of a header, which may stand there only once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} stands there twice");
        value
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// Status and headers, sorted, without the date.
    pub(crate) fn head(&self) -> String {
        let mut lines: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| name != "date")
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        lines.sort_unstable();
        format!("{}\n{}", self.status, lines.join("\n"))
    }
}

/// Sends a request with these header lines on a connection of its own.
pub(crate) async fn send(address: SocketAddr, method: &str, target: &str, headers: &[&str]) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(request(method, target, headers, "close").as_bytes())
        .await
        .unwrap();
    read_to_end(&mut stream, method).await
}

/// Sends a form as a browser does.
pub(crate) async fn post_form(address: SocketAddr, target: &str, headers: &[&str], form: &str) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = format!("content-length: {}", form.len());
    let mut lines = vec!["content-type: application/x-www-form-urlencoded", &length];
    lines.extend(headers);
    let request = request("POST", target, &lines, "close") + form;
    stream.write_all(request.as_bytes()).await.unwrap();
    read_to_end(&mut stream, "POST").await
}

pub(crate) async fn get(address: SocketAddr, target: &str) -> Reply {
    send(address, "GET", target, &[]).await
}

/// The text of a request.
pub(crate) fn request(method: &str, target: &str, headers: &[&str], connection: &str) -> String {
    let mut text =
        format!("{method} {target} HTTP/1.1\r\nhost: penguins.test\r\nconnection: {connection}\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text
}

/// Reads an answer that ends with the connection, and checks that it is as long as it says.
pub(crate) async fn read_to_end(stream: &mut TcpStream, method: &str) -> Reply {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = head_end(&bytes).unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&bytes)));
    let mut reply = parse_head(&bytes[..end]);
    reply.body = bytes[end..].to_vec();
    if reply.header("transfer-encoding") == Some("chunked") {
        reply.body = unchunk(&reply.body);
        return reply;
    }
    let has_body = method != "HEAD" && !matches!(reply.status, 204 | 304);
    let expected = match reply.header("content-length") {
        Some(length) if has_body => length.parse().unwrap(),
        _ => 0,
    };
    assert_eq!(reply.body.len(), expected, "{method}: {}", reply.head());
    reply
}

/// Reads one answer on a connection that stays open.
pub(crate) async fn read_one(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    loop {
        if let Some(end) = head_end(&bytes) {
            let mut reply = parse_head(&bytes[..end]);
            let length: usize = reply.header("content-length").unwrap_or("0").parse().unwrap();
            if bytes.len() - end >= length {
                reply.body = bytes[end..end + length].to_vec();
                return reply;
            }
        }
        let read = stream.read(&mut chunk).await.unwrap();
        assert!(read > 0, "cut after {} bytes", bytes.len());
        bytes.extend_from_slice(&chunk[..read]);
    }
}

/// Joins the chunks of a body, all of which must be there.
fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        let chunk = &rest[line + 2..];
        assert_eq!(&chunk[length..length + 2], b"\r\n");
        if length == 0 {
            assert_eq!(chunk.len(), 2);
            return body;
        }
        body.extend_from_slice(&chunk[..length]);
        rest = &chunk[length + 2..];
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|position| position + 4)
}

fn parse_head(head: &[u8]) -> Reply {
    let head = std::str::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_lowercase(), value.to_owned())
        })
        .collect();
    Reply {
        status,
        headers,
        body: Vec::new(),
    }
}
