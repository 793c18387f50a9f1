//! Header checks of HTTP/2 messages (RFC 9113 §8.2 and §8.3).
//!
//! Finds every error for which h2 would end the connection, so that it ends only the stream.

/// Which side's messages are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Requests of a client.
    Requests,
    /// Responses of an app.
    Responses,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A name that is empty, in upper case or no token.
    #[error("invalid header name")]
    Name,
    /// NUL in a value.
    #[error("NUL byte in a header value")]
    Nul,
    /// Another control byte, CR and LF included.
    #[error("control byte in a header value")]
    ControlByte,
    /// A value that begins or ends with a space or tab.
    #[error("header value with leading or trailing whitespace")]
    OuterSpace,
    /// A field that belongs to one connection of HTTP/1.
    #[error("connection-specific header")]
    ConnectionField,
    /// `Content-Length` that is no number.
    #[error("invalid Content-Length")]
    ContentLength,
    /// A pseudo-header that does not belong here.
    #[error("unexpected pseudo-header")]
    PseudoUnknown,
    /// A pseudo-header behind an ordinary one, or a second one of its name.
    #[error("misplaced or repeated pseudo-header")]
    PseudoOrder,
    /// A missing pseudo-header.
    #[error("missing pseudo-header")]
    PseudoMissing,
    /// A method that is no token.
    #[error("invalid :method")]
    Method,
    /// A `:scheme` or `:authority` that is none.
    #[error("invalid :scheme or :authority")]
    Authority,
    /// A `:path` that is empty or has bytes that no target has.
    #[error("invalid :path")]
    Path,
    /// A `:path` with a fragment.
    #[error(":path with a fragment")]
    Fragment,
    /// A status that is none, or 101, which HTTP/2 does not have (RFC 9113 §8.6).
    #[error("invalid :status")]
    Status,
}

/// What one field is, seen by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Method,
    /// `:method` CONNECT.
    Connect,
    Scheme,
    Authority,
    Path,
    /// `:status` of 1xx.
    Informational,
    Status,
    Ordinary,
    Malformed(Flaw),
}

impl Class {
    /// Looks at one field.
    pub(super) fn of(role: Role, name: &[u8], value: &[u8]) -> Self {
        let class = match name {
            [b':', pseudo @ ..] => pseudo_field(role, pseudo, value),
            _ => ordinary_field(role, name, value),
        };
        class.unwrap_or_else(Self::Malformed)
    }

    /// The place of a pseudo-header in the set of those that were seen; 0 for others.
    fn bit(self) -> u8 {
        match self {
            Self::Method | Self::Connect => METHOD,
            Self::Scheme => SCHEME,
            Self::Authority => AUTHORITY,
            Self::Path => PATH,
            Self::Status | Self::Informational => STATUS,
            Self::Ordinary | Self::Malformed(_) => 0,
        }
    }
}

const METHOD: u8 = 1;
const SCHEME: u8 = 2;
const AUTHORITY: u8 = 4;
const PATH: u8 = 8;
const STATUS: u8 = 16;

fn pseudo_field(role: Role, name: &[u8], value: &[u8]) -> Result<Class, Flaw> {
    let all = |allowed: fn(u8) -> bool| value.iter().all(|byte| allowed(*byte));
    match (role, name) {
        (Role::Requests, b"method") if value == b"CONNECT" => Ok(Class::Connect),
        (Role::Requests, b"method") if !value.is_empty() && all(is_token_byte) => Ok(Class::Method),
        (Role::Requests, b"method") => Err(Flaw::Method),
        (Role::Requests, b"scheme") if !value.is_empty() && all(is_scheme_byte) => Ok(Class::Scheme),
        (Role::Requests, b"authority") if !value.is_empty() && all(|byte| byte.is_ascii_graphic()) => {
            Ok(Class::Authority)
        }
        (Role::Requests, b"scheme" | b"authority") => Err(Flaw::Authority),
        (Role::Requests, b"path") if value.contains(&b'#') => Err(Flaw::Fragment),
        (Role::Requests, b"path") => {
            // What is not ASCII, but text, is refused with a page by the rules for all versions, and so is a target
            // that begins with its query.
            let graphic = all(|byte| byte.is_ascii_graphic() || !byte.is_ascii());
            let begins = matches!(value, [b'/' | b'?', ..] | b"*");
            let fine = graphic && begins && std::str::from_utf8(value).is_ok();
            fine.then_some(Class::Path).ok_or(Flaw::Path)
        }
        (Role::Responses, b"status") => match value {
            [b'1', b'0', b'1'] => Err(Flaw::Status),
            [first @ b'1'..=b'9', b'0'..=b'9', b'0'..=b'9'] => Ok(if *first == b'1' {
                Class::Informational
            } else {
                Class::Status
            }),
            _ => Err(Flaw::Status),
        },
        _ => Err(Flaw::PseudoUnknown),
    }
}

fn ordinary_field(role: Role, name: &[u8], value: &[u8]) -> Result<Class, Flaw> {
    if name.is_empty() || !name.iter().all(|byte| NAME_BYTES[usize::from(*byte)]) {
        return Err(Flaw::Name);
    }
    if let Some(byte) = value
        .iter()
        .find(|byte| byte.is_ascii_control() && **byte != b'\t')
    {
        return Err(if *byte == 0 { Flaw::Nul } else { Flaw::ControlByte });
    }
    // gRPC servers leave the spaces of a message as they are, so an app's outer spaces are let pass.
    let space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    if role == Role::Requests && (space(value.first()) || space(value.last())) {
        return Err(Flaw::OuterSpace);
    }
    match name {
        b"connection" | b"proxy-connection" | b"keep-alive" | b"transfer-encoding" | b"upgrade" => {
            Err(Flaw::ConnectionField)
        }
        b"te" if value != b"trailers" => Err(Flaw::ConnectionField),
        b"content-length" if value.is_empty() || !value.iter().all(u8::is_ascii_digit) => {
            Err(Flaw::ContentLength)
        }
        _ => Ok(Class::Ordinary),
    }
}

/// Bytes of a token in lower case.
static NAME_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        table[byte as usize] = is_token_byte(byte) && !byte.is_ascii_uppercase();
        byte += 1;
    }
    table
};

const fn is_token_byte(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#'
            | b'$'
            | b'%'
            | b'&'
            | b'\''
            | b'*'
            | b'+'
            | b'-'
            | b'.'
            | b'^'
            | b'_'
            | b'`'
            | b'|'
            | b'~'
    ) || byte.is_ascii_alphanumeric()
}

fn is_scheme_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// What a block of fields belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Head,
    Trailers,
    /// A stream that is over, or was never opened: h2 decides what that means.
    Unknown,
}

/// One block of fields.
#[derive(Debug)]
pub(super) struct Message {
    role: Role,
    part: Part,
    seen: u8,
    connect: bool,
    informational: bool,
    ordinary: bool,
    flaw: Option<Flaw>,
}

impl Message {
    pub(super) fn new(role: Role, part: Part) -> Self {
        Self {
            role,
            part,
            seen: 0,
            connect: false,
            informational: false,
            ordinary: false,
            flaw: None,
        }
    }

    /// The next field.
    pub(super) fn field(&mut self, class: Class) {
        let bit = class.bit();
        let flaw = match class {
            Class::Malformed(flaw) => Some(flaw),
            Class::Ordinary => {
                self.ordinary = true;
                None
            }
            _ if self.part == Part::Trailers => Some(Flaw::PseudoUnknown),
            _ if self.part == Part::Unknown => None,
            _ => (self.ordinary || self.seen & bit != 0).then_some(Flaw::PseudoOrder),
        };
        self.seen |= bit;
        self.connect |= class == Class::Connect;
        self.informational |= class == Class::Informational;
        self.flaw = self.flaw.or(flaw);
    }

    /// What was wrong first, once all fields have come.
    pub(super) fn flaw(&self) -> Option<Flaw> {
        let (required, allowed) = match self.role {
            _ if self.part != Part::Head => (0, u8::MAX),
            Role::Responses => (STATUS, STATUS),
            Role::Requests if self.connect => (METHOD | AUTHORITY, METHOD | AUTHORITY),
            Role::Requests => (METHOD | SCHEME | PATH, METHOD | SCHEME | AUTHORITY | PATH),
        };
        let missing = (self.seen & required != required).then_some(Flaw::PseudoMissing);
        let surplus = (self.seen & !allowed != 0).then_some(Flaw::PseudoUnknown);
        self.flaw.or(missing).or(surplus)
    }

    /// Whether this is an interim response.
    pub(super) fn is_informational(&self) -> bool {
        self.informational
    }
}

#[cfg(test)]
mod tests;
