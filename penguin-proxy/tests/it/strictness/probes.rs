//! The probes of `probes.txt`: raw requests and what is expected to become of them.

/// One probe.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) title: String,
    pub(super) expected: Outcome,
    pub(super) bytes: Vec<u8>,
}

/// What became of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The statuses of the answers, in order.
    pub(super) statuses: Vec<u16>,
    /// The code of the refusal that the last answer tells of.
    pub(super) code: Option<String>,
    /// What becomes of the connection.
    pub(super) end: End,
}

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The next request is answered.
    Kept,
    /// Nothing more is answered.
    Closed,
    /// The rest of a message is awaited.
    Waiting,
}

/// All of them.
pub(super) fn all() -> Vec<Probe> {
    let probes: Vec<Probe> = include_str!("probes.txt")
        .split("\n## ")
        .skip(1)
        .map(read)
        .collect();
    assert!(
        probes.len() >= 200,
        "the file is read as a whole: {} probes",
        probes.len()
    );
    probes
}

fn read(text: &str) -> Probe {
    let text = text.split("\n### ").next().unwrap();
    let mut lines = text.lines();
    let title = lines.next().unwrap().to_owned();
    let expected = lines.next().unwrap();
    let bytes = unescape(&repeat(&lines.collect::<Vec<_>>().concat()));
    Probe {
        expected: outcome(expected),
        title,
        bytes,
    }
}

fn outcome(text: &str) -> Outcome {
    let mut statuses = Vec::new();
    let mut code = None;
    let mut end = None;
    for word in text.split(' ') {
        match word {
            "keep" => end = Some(End::Kept),
            "close" => end = Some(End::Closed),
            "wait" => end = Some(End::Waiting),
            _ => match word.parse() {
                Ok(status) => statuses.push(status),
                Err(_) => code = Some(word.to_owned()),
            },
        }
    }
    Outcome {
        statuses,
        code,
        end: end.unwrap_or_else(|| panic!("no end: {text}")),
    }
}

/// `{ab*3}` as `ababab`; other braces are themselves.
fn repeat(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        out.push_str(&rest[..start]);
        let inner = rest[start + 1..].split('}').next().unwrap();
        let repeated = inner
            .rsplit_once('*')
            .map(|(text, times)| (text, times.parse::<usize>()));
        if let Some((text, Ok(times))) = repeated {
            out.push_str(&text.repeat(times));
            rest = &rest[start + inner.len() + 2..];
        } else {
            out.push('{');
            rest = &rest[start + 1..];
        }
    }
    out + rest
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next().expect("an escape") {
            b'r' => b'\r',
            b'n' => b'\n',
            b't' => b'\t',
            b'0' => 0,
            b'\\' => b'\\',
            b'x' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => panic!("no escape: {}", char::from(other)),
        });
    }
    bytes
}
