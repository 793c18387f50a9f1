//! Parsers of settings that choose a behaviour: methods, trusted networks, compression, threads, logs.

use http::{HeaderValue, Method};
use tracing::Level;

use super::UpstreamProtocol;
use super::parse::{self, Refused};
use crate::access_log::QueryLogging;
use crate::compression::Compression;
use crate::forwarding::{Networks, Tracing};
use crate::request_rules::RequestRules;
use crate::telemetry::LogFormat;

/// The Host that an HTTP/1.0 request without one is given.
const FALLBACK_HOST: &str = "localhost";

pub(super) fn rules(text: &str, max_body: u64) -> Result<RequestRules, Refused> {
    const REMEDY: &str = "write a list such as GET,HEAD,POST; TRACE and CONNECT are never passed on";
    let mut methods = Vec::new();
    for name in text.split([',', ' ']).filter(|name| !name.is_empty()) {
        match Method::from_bytes(name.as_bytes()) {
            Ok(method) if !name.bytes().any(|byte| byte.is_ascii_lowercase()) => methods.push(method),
            _ => {
                return Err(Refused::new(
                    format!("holds {name:?}, which is no method"),
                    REMEDY,
                ));
            }
        }
    }
    RequestRules::new(methods, max_body, FALLBACK_HOST)
        .map_err(|error| Refused::new(format!("is refused: {error}"), REMEDY))
}

pub(super) fn networks(text: &str) -> Result<Networks, Refused> {
    if text == "none" {
        return Ok(Networks::default());
    }
    text.parse().map_err(|error| {
        Refused::new(
            format!("is refused: {error}"),
            "write networks such as 10.0.0.0/8,fd00::/8, or private, or none",
        )
    })
}

/// Whether they pass. Only frameworks of HTTP/1 are known to fold them into names with dashes.
pub(super) fn underscores(text: &str, protocol: Option<UpstreamProtocol>) -> Result<bool, Refused> {
    match text {
        "pass" => Ok(true),
        "drop" => Ok(false),
        "auto" => Ok(protocol == Some(UpstreamProtocol::H2c)),
        _ => Err(Refused::new(
            "is not a mode for names with underscores",
            "write pass, drop or auto",
        )),
    }
}

pub(super) fn tracing(text: &str) -> Result<Tracing, Refused> {
    Tracing::parse(text).ok_or_else(|| Refused::new("is not a mode of tracing", "write propagate or start"))
}

pub(super) fn hsts(text: &str) -> Result<Option<HeaderValue>, Refused> {
    const REMEDY: &str = "write for example max-age=31536000, or off";
    if text == "off" {
        return Ok(None);
    }
    match HeaderValue::from_str(text) {
        Ok(value) if text.contains("max-age=") => Ok(Some(value)),
        _ => Err(Refused::new("is not a Strict-Transport-Security value", REMEDY)),
    }
}

/// The name of a release, which is the tag of an image.
pub(super) fn release(text: &str) -> Result<Option<HeaderValue>, Refused> {
    if text == "off" {
        return Ok(None);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    match HeaderValue::from_str(text) {
        Ok(value) if (1..=128).contains(&text.len()) && text.bytes().all(allowed) => Ok(Some(value)),
        _ => Err(Refused::new(
            "is not the name of a release",
            "write up to 128 letters, digits and -_. such as 4f2a9c0, or off",
        )),
    }
}

/// Client connections where the operator names no number.
pub(super) const CONNECTIONS: usize = 10_000;

/// A number, or none for as many as fit.
pub(super) fn connections(text: &str) -> Result<Option<usize>, Refused> {
    if text == "auto" {
        return Ok(None);
    }
    parse::count(text).map(Some)
}

/// A size, or none that anything could reach.
pub(super) fn max_body(text: &str) -> Result<u64, Refused> {
    if text == "off" {
        return Ok(u64::MAX);
    }
    parse::size(text)
}

pub(super) fn max_body_name(limit: u64) -> String {
    match limit {
        u64::MAX => "off".to_owned(),
        limit => format!("{limit}B"),
    }
}

pub(super) fn client_rate(text: &str) -> Result<Option<u32>, Refused> {
    if text == "off" {
        return Ok(None);
    }
    match text.parse() {
        Ok(rate) if rate > 0 => Ok(Some(rate)),
        _ => Err(Refused::new(
            "is not a number of requests per second",
            "write a number such as 50, or off",
        )),
    }
}

pub(super) fn compression(text: &str) -> Result<Compression, Refused> {
    let enabled = match text {
        "on" => true,
        "off" => false,
        _ => return Err(Refused::new("is not a switch", "write on or off")),
    };
    Ok(Compression {
        enabled,
        ..Compression::default()
    })
}

pub(super) fn threads(text: &str) -> Result<usize, Refused> {
    if text == "auto" {
        return Ok(crate::cgroup::cpu_limit());
    }
    match parse::count(text) {
        Ok(count) if count <= 1024 => Ok(count),
        _ => Err(Refused::new(
            "is not a number of threads",
            "write auto, or a number from 1 to 1024",
        )),
    }
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, Refused> {
    LogFormat::parse(text).ok_or_else(|| Refused::new("is not a log format", "write auto, json or text"))
}

pub(super) fn log_query(text: &str) -> Result<QueryLogging, Refused> {
    QueryLogging::parse(text)
        .ok_or_else(|| Refused::new("is not a mode for query strings", "write keep, redact or drop"))
}

pub(super) fn log_level(text: &str) -> Result<Level, Refused> {
    match text {
        "error" => Ok(Level::ERROR),
        "warn" => Ok(Level::WARN),
        "info" => Ok(Level::INFO),
        "debug" => Ok(Level::DEBUG),
        "trace" => Ok(Level::TRACE),
        _ => Err(Refused::new(
            "is not a log level",
            "write error, warn, info, debug or trace",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_limit_can_be_off() {
        assert_eq!(max_body("off").map(max_body_name).as_deref(), Ok("off"));
        assert_eq!(max_body("1KiB").map(max_body_name).as_deref(), Ok("1024B"));
    }

    #[test]
    fn release_names_are_image_tags() {
        assert_eq!(release("off"), Ok(None));
        for fine in ["4f2a9c0b", "v1.2-rc_1", &"x".repeat(128)] {
            assert_eq!(release(fine), Ok(Some(HeaderValue::from_str(fine).unwrap())));
        }
        for wrong in ["", "a b", "a\r\nX-Other: 1", "é", "a:b", &"x".repeat(129)] {
            assert!(release(wrong).is_err(), "{wrong}");
        }
    }
}
