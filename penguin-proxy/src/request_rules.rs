//! The rules that a parsed request head must meet before the app sees it.
//!
//! RFC 9110 and 9112, strictly read, and the small repairs that they prescribe. Values in, values out: it must not know of sockets, and it
//! relies on [`crate::head_scan`] for what a parser does not tell (line ends, framing, bytes).

mod host;
mod http2;
mod refusal;
pub mod target;

use http::header::{CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Uri, Version};

pub use self::refusal::Refusal;

/// Bytes of a request's head; beyond it 431.
pub const HEAD_LIMIT: usize = 32 * 1024;
/// Fields of a request's head; beyond it 431.
pub const FIELD_LIMIT: usize = 100;

/// What an operator decides about requests.
#[derive(Debug, Clone)]
pub struct RequestRules {
    methods: Vec<Method>,
    allow: HeaderValue,
    max_body: u64,
    fallback_host: HeaderValue,
}

/// What an accepted head means for the rest of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admitted {
    /// Neither the client's connection nor the upstream's may carry another request after this one: the
    /// request is legal, but parsers are known to disagree about where it ends (a GET or HEAD with a body).
    pub last_on_connection: bool,
}

impl RequestRules {
    /// Rules for these `methods`, in the order in which `Allow` lists them, with bodies of at most `max_body`
    /// bytes. `fallback_host` is the Host that an HTTP/1.0 request without one is given.
    ///
    /// # Errors
    /// If a method cannot stand in a header, or `fallback_host` is no host.
    pub fn new(methods: Vec<Method>, max_body: u64, fallback_host: &str) -> Result<Self, RulesError> {
        if let Some(method) = methods
            .iter()
            .find(|method| matches!(**method, Method::TRACE | Method::CONNECT))
        {
            return Err(RulesError::Method(method.clone()));
        }
        if methods.is_empty() {
            return Err(RulesError::NoMethods);
        }
        let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        let allow = HeaderValue::from_str(&names.join(", ")).map_err(|_| RulesError::NoMethods)?;
        host::check(fallback_host.as_bytes()).map_err(|_| RulesError::Host(fallback_host.to_owned()))?;
        let fallback_host =
            HeaderValue::from_str(fallback_host).map_err(|_| RulesError::Host(fallback_host.to_owned()))?;
        Ok(Self {
            methods,
            allow,
            max_body,
            fallback_host,
        })
    }

    /// The value of `Allow` that belongs to a 405.
    pub fn allow(&self) -> &HeaderValue {
        &self.allow
    }

    /// The largest body in bytes.
    pub fn max_body(&self) -> u64 {
        self.max_body
    }

    /// Accepts a head or refuses it. An accepted head has exactly one valid Host, agreeing with an absolute
    /// target if there was one, and a target in origin or asterisk form.
    ///
    /// # Errors
    /// The first rule that is broken; framing before meaning, so that a connection which must be closed is.
    pub fn admit(&self, head: &mut Parts) -> Result<Admitted, Refusal> {
        if head.version == Version::HTTP_2 {
            http2::settle(head)?;
        }
        let has_coding = head.headers.contains_key(TRANSFER_ENCODING);
        let length = declared_length(head, has_coding)?;
        self.settle_host(head)?;
        settle_target(head)?;
        if !self.methods.contains(&head.method) {
            return Err(Refusal::Method);
        }
        check_expectation(head)?;
        if length > self.max_body {
            return Err(Refusal::BodyTooLarge);
        }
        let bodiless_by_custom = matches!(head.method, Method::GET | Method::HEAD);
        let one_connection_per_stream = head.version > Version::HTTP_11;
        Ok(Admitted {
            last_on_connection: bodiless_by_custom
                && !one_connection_per_stream
                && (has_coding || length > 0),
        })
    }

    fn settle_host(&self, head: &mut Parts) -> Result<(), Refusal> {
        let mut hosts = head.headers.get_all(HOST).iter();
        let host = hosts.next();
        if hosts.next().is_some() {
            return Err(Refusal::HostRepeated);
        }
        if let Some(host) = host {
            host::check(host.as_bytes())?;
        } else if head.uri.authority().is_none() && head.version > Version::HTTP_10 {
            return Err(Refusal::HostMissing);
        } else if head.uri.authority().is_none() {
            head.headers.insert(HOST, self.fallback_host.clone());
        } else if head.version == Version::HTTP_11 {
            // An absolute target does not excuse an HTTP/1.1 client from sending Host (RFC 9112 §3.2).
            return Err(Refusal::HostMissing);
        }
        if head.method == Method::CONNECT {
            return Ok(());
        }
        // RFC 9112 §3.2.2: the authority of an absolute target wins, and the app must see one name only.
        if let Some(authority) = head.uri.authority() {
            host::check(authority.as_str().as_bytes()).map_err(|_| Refusal::TargetAuthority)?;
            let host = HeaderValue::from_str(authority.as_str()).map_err(|_| Refusal::TargetAuthority)?;
            head.headers.insert(HOST, host);
        }
        Ok(())
    }
}

/// The declared length, 0 where there is none.
fn declared_length(head: &Parts, has_coding: bool) -> Result<u64, Refusal> {
    let mut lengths = head.headers.get_all(CONTENT_LENGTH).iter();
    let Some(length) = lengths.next() else {
        return Ok(0);
    };
    if lengths.next().is_some() {
        return Err(Refusal::ContentLengthRepeated);
    }
    if has_coding {
        return Err(Refusal::LengthAndCoding);
    }
    parse_length(length.as_bytes())
}

/// Leaves origin or asterisk form, whichever form came in.
fn settle_target(head: &mut Parts) -> Result<(), Refusal> {
    if head.method == Method::CONNECT {
        return Ok(());
    }
    let target = head.uri.path_and_query().map_or("", PathAndQuery::as_str);
    if target != "*" || head.method != Method::OPTIONS {
        if !target.starts_with('/') && !target.starts_with('?') {
            return Err(Refusal::TargetForm);
        }
        target::check_bytes(target.as_bytes())?;
    }
    if head.uri.scheme().is_some() || head.uri.authority().is_some() {
        let origin = if target.starts_with('?') {
            format!("/{target}")
        } else {
            target.to_owned()
        };
        head.uri = Uri::try_from(origin).map_err(|_| Refusal::TargetForm)?;
    }
    Ok(())
}

/// One plain decimal number that fits; no list, no sign, no space.
pub(crate) fn parse_length(value: &[u8]) -> Result<u64, Refusal> {
    if value.is_empty() || value.len() > 19 || !value.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::ContentLength);
    }
    // Nineteen digits always fit into 64 bits.
    Ok(value
        .iter()
        .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

/// RFC 9110 §10.1.1: an expectation that cannot be met is answered with 417.
fn check_expectation(head: &Parts) -> Result<(), Refusal> {
    let met = head.headers.get_all(EXPECT).iter().all(|value| {
        value
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"100-continue")
    });
    if met { Ok(()) } else { Err(Refusal::Expectation) }
}

/// Rules that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// A method that a reverse proxy never passes on.
    #[error("{0} cannot be allowed: this proxy never forwards it")]
    Method(Method),
    /// An empty list.
    #[error("no methods are allowed: name at least one, such as GET")]
    NoMethods,
    /// The fallback is no host.
    #[error("`{0}` is not a host with an optional port")]
    Host(String),
}

#[cfg(test)]
mod tests;
