//! Reads one answer at a time: as much HTTP as an exact account needs.

use anyhow::{Result, bail};

/// An answer in the making.
#[derive(Debug, Default)]
pub struct Answer {
    head: Vec<u8>,
    rest: Rest,
    /// Bytes of the body so far, without its framing.
    pub body: u64,
}

#[derive(Debug, Default)]
enum Rest {
    #[default]
    Head,
    Length(u64),
    /// Before or within the line that says how long the next chunk is.
    Size(Vec<u8>),
    /// So many bytes of a chunk and its line end are to come.
    Chunk(u64),
    /// The empty line after the last chunk.
    Last(u8),
}

impl Answer {
    /// Takes bytes; true when the answer is complete. What follows it in `bytes` is an error: nothing was asked.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<bool> {
        while !bytes.is_empty() {
            match &mut self.rest {
                Rest::Head => {
                    let searched = self.head.len().saturating_sub(3);
                    self.head.extend_from_slice(bytes);
                    let Some(end) = find(&self.head[searched..], b"\r\n\r\n").map(|at| searched + at + 4)
                    else {
                        return Ok(false);
                    };
                    bytes = &bytes[bytes.len() - (self.head.len() - end)..];
                    self.head.truncate(end);
                    self.rest = framing(&self.head)?;
                    if matches!(self.rest, Rest::Length(0)) {
                        return complete(bytes);
                    }
                }
                Rest::Length(left) => {
                    let here = bytes.len().min(usize::try_from(*left)?);
                    *left -= here as u64;
                    self.body += here as u64;
                    bytes = &bytes[here..];
                    if *left == 0 {
                        return complete(bytes);
                    }
                }
                Rest::Size(line) => {
                    line.push(bytes[0]);
                    bytes = &bytes[1..];
                    if line.ends_with(b"\n") {
                        let size = u64::from_str_radix(str::from_utf8(line)?.trim(), 16)?;
                        self.body += size;
                        self.rest = if size == 0 {
                            Rest::Last(2)
                        } else {
                            Rest::Chunk(size + 2)
                        };
                    }
                }
                Rest::Chunk(left) => {
                    let here = bytes.len().min(usize::try_from(*left)?);
                    *left -= here as u64;
                    bytes = &bytes[here..];
                    if *left == 0 {
                        self.rest = Rest::Size(Vec::new());
                    }
                }
                Rest::Last(left) => {
                    *left -= 1;
                    bytes = &bytes[1..];
                    if *left == 0 {
                        return complete(bytes);
                    }
                }
            }
        }
        Ok(false)
    }

    /// The status line and the fields.
    pub fn head(&self) -> &str {
        str::from_utf8(&self.head).unwrap_or("")
    }

    /// Makes ready for the next answer, keeping the memory.
    pub fn clear(&mut self) {
        self.head.clear();
        self.rest = Rest::Head;
        self.body = 0;
    }
}

fn complete(rest: &[u8]) -> Result<bool> {
    if !rest.is_empty() {
        bail!("{} bytes follow the answer", rest.len());
    }
    Ok(true)
}

fn framing(head: &[u8]) -> Result<Rest> {
    let text = str::from_utf8(head)?;
    if !text.starts_with("HTTP/1.1 200 ") {
        bail!(
            "an answer that is none: {}",
            text.lines().next().unwrap_or_default()
        );
    }
    if let Some(length) = field(text, "content-length") {
        return Ok(Rest::Length(length.parse()?));
    }
    match field(text, "transfer-encoding") {
        Some("chunked") => Ok(Rest::Size(Vec::new())),
        other => bail!("an answer without an end: {other:?}"),
    }
}

/// The value of a field, found whatever the case of its name.
pub fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_its_framing_says_however_it_was_cut() {
        let sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
        for whole in [sized, chunked] {
            for piece in 1..whole.len() {
                let mut answer = Answer::default();
                let pieces: Vec<_> = whole.as_bytes().chunks(piece).collect();
                let (last, before) = pieces.split_last().unwrap();
                assert!(before.iter().all(|bytes| !answer.feed(bytes).unwrap()));
                assert!(answer.feed(last).unwrap());
                assert_eq!(answer.body, 5);
            }
        }
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let refused = |bytes: &str| Answer::default().feed(bytes.as_bytes()).is_err();
        assert!(refused("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"));
        assert!(refused("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"));
        assert!(refused("HTTP/1.1 200 OK\r\n\r\n"));
    }
}
