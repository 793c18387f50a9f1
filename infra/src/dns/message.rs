//! DNS messages (RFC 1035): writes one question, reads the records of its answer.

/// Type of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Name server.
    Ns = 2,
    /// Certification authority authorization (RFC 8659).
    Caa = 257,
}

/// What a resolver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Records of the kind asked for; none if the name has none.
    Records(Vec<Record>),
    /// There are more records than one message holds.
    Truncated,
    /// The name does not exist.
    NoSuchName,
    /// The resolver failed, with its response code.
    Failed(u8),
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// Name of a name server, in lower case without the final dot.
    Ns(String),
    /// Tag and value.
    Caa(String, String),
}

/// Size of a UDP response that is asked for, in bytes; the largest that networks do not split.
const UDP_SIZE: u16 = 1232;
const INTERNET: u16 = 1;
const OPT: u16 = 41;
const RESPONSE: u8 = 0x80;
const TRUNCATED: u8 = 0x02;
const RECURSION_DESIRED: u8 = 0x01;

/// Writes a question.
pub(super) fn question(id: u16, name: &str, kind: Kind) -> Vec<u8> {
    let mut message = Vec::new();
    message.extend(id.to_be_bytes());
    message.extend([RECURSION_DESIRED, 0]);
    // One question, and one additional record that allows larger responses (RFC 6891).
    for count in [1_u16, 0, 0, 1] {
        message.extend(count.to_be_bytes());
    }
    for label in name.split('.').filter(|label| !label.is_empty()) {
        // Longer labels do not occur: the settings reject them.
        let label = &label.as_bytes()[..label.len().min(63)];
        message.push(u8::try_from(label.len()).unwrap_or(0));
        message.extend(label);
    }
    message.push(0);
    for field in [kind as u16, INTERNET] {
        message.extend(field.to_be_bytes());
    }
    message.push(0);
    for field in [OPT, UDP_SIZE, 0, 0, 0] {
        message.extend(field.to_be_bytes());
    }
    message
}

/// Reads the answer to a question with this id. `None`: not that answer, or not a message.
pub(super) fn reply(message: &[u8], id: u16, kind: Kind) -> Option<Reply> {
    let mut reader = Reader { message, at: 0 };
    if reader.number()? != id {
        return None;
    }
    let [flags, code] = reader.number()?.to_be_bytes();
    if flags & RESPONSE == 0 {
        return None;
    }
    let (questions, answers) = (reader.number()?, reader.number()?);
    reader.skip(4)?;
    for _ in 0..questions {
        reader.name()?;
        reader.skip(4)?;
    }
    match code & 0x0f {
        0 => {}
        3 => return Some(Reply::NoSuchName),
        code => return Some(Reply::Failed(code)),
    }
    if flags & TRUNCATED != 0 {
        return Some(Reply::Truncated);
    }
    let mut records = Vec::new();
    for _ in 0..answers {
        reader.name()?;
        let of = reader.number()?;
        reader.skip(6)?;
        let length = usize::from(reader.number()?);
        let end = reader.at + length;
        if of == kind as u16 {
            records.push(match kind {
                Kind::Ns => Record::Ns(reader.name()?),
                Kind::Caa => caa(message.get(reader.at..end)?)?,
            });
        }
        reader.at = end;
    }
    Some(Reply::Records(records))
}

/// Flags, length of the tag, tag, value.
fn caa(data: &[u8]) -> Option<Record> {
    let (tag, value) = data.get(2..)?.split_at_checked(usize::from(*data.get(1)?))?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Some(Record::Caa(text(tag).to_ascii_lowercase(), text(value)))
}

struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.message.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.at += count;
        (self.at <= self.message.len()).then_some(())
    }

    /// Reads a name. The part after a pointer is elsewhere in the message; the number of jumps is bounded.
    fn name(&mut self) -> Option<String> {
        let (mut name, mut after) = (String::new(), None);
        let mut jumps = 0;
        loop {
            let length = self.byte()?;
            match length >> 6 {
                0b11 => {
                    let low = self.byte()?;
                    after = after.or(Some(self.at));
                    jumps += 1;
                    if jumps > 16 {
                        return None;
                    }
                    self.at = usize::from(length & 0x3f) << 8 | usize::from(low);
                }
                0 if length == 0 => break,
                0 => {
                    let label = self.message.get(self.at..self.at + usize::from(length))?;
                    self.at += label.len();
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.push_str(&String::from_utf8_lossy(label).to_ascii_lowercase());
                    if name.len() > 255 {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        self.at = after.unwrap_or(self.at);
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A response with the question, and answers whose owner is a pointer to the question's name.
    fn response(question: &[u8], code: u8, kind: Kind, answers: &[&[u8]]) -> Vec<u8> {
        let mut message = question[..question.len() - 11].to_vec();
        message[2] |= RESPONSE;
        message[3] = code;
        message[7] = u8::try_from(answers.len()).unwrap();
        message[11] = 0;
        for data in answers {
            message.extend([0xc0, 12]);
            message.extend((kind as u16).to_be_bytes());
            message.extend([0, 1, 0, 0, 0, 60]);
            message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            message.extend(*data);
        }
        message
    }

    #[test]
    fn name_servers_are_read_with_and_without_pointers() {
        let asked = question(7, "school.example", Kind::Ns);
        let answers: [&[u8]; 2] = [b"\x03ns1\xc0\x0c", b"\x02NS\x03aws\x03com\x00"];
        let read = reply(&response(&asked, 0, Kind::Ns, &answers), 7, Kind::Ns);
        let names = ["ns1.school.example", "ns.aws.com"].map(|name| Record::Ns(name.to_owned()));
        assert_eq!(read, Some(Reply::Records(names.into())));
    }

    #[test]
    fn authorities_are_read() {
        let asked = question(7, "school.example", Kind::Caa);
        let answers: [&[u8]; 1] = [b"\x00\x05issueletsencrypt.org"];
        let read = reply(&response(&asked, 0, Kind::Caa, &answers), 7, Kind::Caa);
        let record = Record::Caa("issue".to_owned(), "letsencrypt.org".to_owned());
        assert_eq!(read, Some(Reply::Records(vec![record])));
    }

    #[test]
    fn response_codes_are_told_apart() {
        let asked = question(7, "school.example", Kind::Ns);
        let with = |code| reply(&response(&asked, code, Kind::Ns, &[]), 7, Kind::Ns);
        assert_eq!(with(0), Some(Reply::Records(Vec::new())));
        assert_eq!(with(3), Some(Reply::NoSuchName));
        assert_eq!(with(2), Some(Reply::Failed(2)));
    }

    #[test]
    fn malformed_messages_are_no_answer() {
        let asked = question(7, "school.example", Kind::Ns);
        let whole = response(&asked, 0, Kind::Ns, &[b"\x03ns1\xc0\x0c"]);
        assert_eq!(reply(&asked, 7, Kind::Ns), None, "a question");
        assert_eq!(reply(&whole, 8, Kind::Ns), None, "another id");
        for length in 0..whole.len() {
            assert_eq!(reply(&whole[..length], 7, Kind::Ns), None, "{length} bytes");
        }
        let endless = response(&asked, 0, Kind::Ns, &[b"\xc0\x2a"]);
        for at in 0..endless.len() {
            let mut message = endless.clone();
            message[at] = 0xc0;
            _ = reply(&message, 7, Kind::Ns);
        }
        // A name that points to itself.
        let itself = u8::try_from(endless.len() - 2).unwrap();
        let looping = response(&asked, 0, Kind::Ns, &[&[0xc0, itself]]);
        assert_eq!(reply(&looping, 7, Kind::Ns), None);
    }
}
