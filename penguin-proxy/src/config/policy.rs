//! From what people write to decisions: which requests pass, whom to believe, how to log, how many threads.

use http::{HeaderValue, Method};
use tracing::Level;

use super::UpstreamProtocol;
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

pub(super) fn upstream_protocol(text: &str) -> Result<UpstreamProtocol, Refused> {
    match text {
        "http1" => Ok(UpstreamProtocol::Http1),
        "h2c" => Ok(UpstreamProtocol::H2c),
        _ => Err(Refused::new("is not a protocol of apps", "write http1 or h2c")),
    }
}

pub(super) fn upstream_protocol_name(protocol: UpstreamProtocol) -> &'static str {
    match protocol {
        UpstreamProtocol::Http1 => "http1",
        UpstreamProtocol::H2c => "h2c",
    }
}

/// The app is asked over HTTP/1.1, which one that speaks HTTP/2 need not understand.
pub(super) fn upstream_health_path(
    text: &str,
    protocol: Option<UpstreamProtocol>,
) -> Result<Option<String>, Refused> {
    if text == "off" {
        return Ok(None);
    }
    if protocol == Some(UpstreamProtocol::H2c) {
        return Err(Refused::new(
            "is asked over HTTP/1.1, which an app of PROXY_UPSTREAM_PROTOCOL=h2c may not speak",
            "write off: the proxy is ready once the app takes connections",
        ));
    }
    parse::path(text)
        .map(Some)
        .map_err(|refused| Refused::new(refused.reason, "write for example /healthz, or off"))
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
    fn an_app_that_speaks_http2_is_not_asked_in_http1() {
        let asked = |protocol| upstream_health_path("/healthz", Some(protocol));
        assert_eq!(asked(UpstreamProtocol::Http1), Ok(Some("/healthz".to_owned())));
        assert!(asked(UpstreamProtocol::H2c).is_err());
        assert_eq!(upstream_health_path("off", Some(UpstreamProtocol::H2c)), Ok(None));
        assert!(upstream_protocol("h2").is_err());
    }

    #[test]
    fn a_body_may_be_unlimited() {
        assert_eq!(max_body("off").map(max_body_name).as_deref(), Ok("off"));
        assert_eq!(max_body("1KiB").map(max_body_name).as_deref(), Ok("1024B"));
    }
}
