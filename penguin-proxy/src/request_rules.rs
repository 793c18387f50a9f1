//! Rules for parsed request heads (RFC 9110, RFC 9112), and the repairs that the RFCs prescribe. No I/O.
//!
//! Line ends and framing are checked before by [`crate::head_scan`].

mod host;
mod http2;
pub mod target;

use http::header::{CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Uri, Version};

use crate::content_length;
use crate::reject_reason::RejectReason;

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
    pub fn admit(&self, head: &mut Parts) -> Result<Admitted, RejectReason> {
        if head.version == Version::HTTP_2 {
            http2::normalize(head)?;
        }
        let has_coding = head.headers.contains_key(TRANSFER_ENCODING);
        let length = normalize_length(head, has_coding)?;
        self.normalize_host(head)?;
        normalize_target(head)?;
        if !self.methods.contains(&head.method) {
            return Err(RejectReason::Method);
        }
        check_expectation(head)?;
        if length > self.max_body {
            return Err(RejectReason::BodyTooLarge);
        }
        let bodiless_by_custom = matches!(head.method, Method::GET | Method::HEAD);
        let one_connection_per_stream = head.version > Version::HTTP_11;
        Ok(Admitted {
            last_on_connection: bodiless_by_custom
                && !one_connection_per_stream
                && (has_coding || length > 0),
        })
    }

    fn normalize_host(&self, head: &mut Parts) -> Result<(), RejectReason> {
        let mut hosts = head.headers.get_all(HOST).iter();
        let host = hosts.next();
        if hosts.next().is_some() {
            return Err(RejectReason::HostRepeated);
        }
        if let Some(host) = host {
            host::check(host.as_bytes())?;
        } else if head.uri.authority().is_none() && head.version > Version::HTTP_10 {
            return Err(RejectReason::HostMissing);
        } else if head.uri.authority().is_none() {
            head.headers.insert(HOST, self.fallback_host.clone());
        } else if head.version == Version::HTTP_11 {
            // An absolute target does not excuse an HTTP/1.1 client from sending Host (RFC 9112 §3.2).
            return Err(RejectReason::HostMissing);
        }
        if head.method == Method::CONNECT {
            return Ok(());
        }
        // RFC 9112 §3.2.2: the authority of an absolute target wins, and the app must see one name only.
        if let Some(authority) = head.uri.authority() {
            host::check(authority.as_str().as_bytes()).map_err(|_| RejectReason::TargetAuthority)?;
            let host =
                HeaderValue::from_str(authority.as_str()).map_err(|_| RejectReason::TargetAuthority)?;
            head.headers.insert(HOST, host);
        }
        Ok(())
    }
}

/// Returns the declared length, 0 where there is none.
fn normalize_length(head: &mut Parts, has_coding: bool) -> Result<u64, RejectReason> {
    let mut lengths = head.headers.get_all(CONTENT_LENGTH).iter();
    if lengths.next().is_none() {
        return Ok(0);
    }
    if lengths.next().is_some() {
        return Err(RejectReason::ContentLengthRepeated);
    }
    if has_coding {
        return Err(RejectReason::LengthAndCoding);
    }
    let length = head.headers.get_mut(CONTENT_LENGTH);
    length.map_or(Ok(0), content_length::normalize)
}

/// Leaves origin or asterisk form, whichever form came in.
fn normalize_target(head: &mut Parts) -> Result<(), RejectReason> {
    if head.method == Method::CONNECT {
        return Ok(());
    }
    let target = head.uri.path_and_query().map_or("", PathAndQuery::as_str);
    if target != "*" || head.method != Method::OPTIONS {
        if !target.starts_with('/') && !target.starts_with('?') {
            return Err(RejectReason::TargetForm);
        }
        target::check_bytes(target.as_bytes())?;
    }
    if head.uri.scheme().is_some() || head.uri.authority().is_some() {
        let origin = if target.starts_with('?') {
            format!("/{target}")
        } else {
            target.to_owned()
        };
        head.uri = Uri::try_from(origin).map_err(|_| RejectReason::TargetForm)?;
    }
    Ok(())
}

/// RFC 9110 §10.1.1: an expectation that cannot be met is answered with 417.
fn check_expectation(head: &Parts) -> Result<(), RejectReason> {
    let met = head.headers.get_all(EXPECT).iter().all(|value| {
        value
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"100-continue")
    });
    if met {
        Ok(())
    } else {
        Err(RejectReason::Expectation)
    }
}

/// Rules that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// A method that a reverse proxy never forwards.
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
