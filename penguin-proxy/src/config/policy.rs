//! From what people write to decisions: which requests pass, whom to believe, how to log, how many threads.

use http::{HeaderValue, Method};

use super::parse::{self, Refused};
use crate::compression::Compression;
use crate::forwarding::Networks;
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

pub(super) fn upstream_health_path(text: &str) -> Result<Option<String>, Refused> {
    if text == "off" {
        return Ok(None);
    }
    parse::path(text)
        .map(Some)
        .map_err(|refused| Refused::new(refused.reason, "write for example /healthz, or off"))
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
        return Ok(crate::server::threads::from_quota());
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

pub(super) fn log_filter(text: &str) -> Result<String, Refused> {
    match text.parse::<tracing_subscriber::EnvFilter>() {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(Refused::new(
            format!("is not a filter: {error}"),
            "write error, warn, info, debug or trace",
        )),
    }
}
