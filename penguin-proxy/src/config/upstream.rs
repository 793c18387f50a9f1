//! Protocol of the app and its health check.

use super::parse::{self, Refused};

/// Longest name of a gRPC service that is asked for.
const LONGEST_SERVICE: usize = 127;

/// What the app speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamProtocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS, from the first byte.
    H2c,
}

/// How the app is asked whether it is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthCheck {
    /// By a GET of this path.
    Path(String),
    /// By the health check of gRPC, for this service; empty for the app as a whole.
    Grpc(String),
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
) -> Result<Option<HealthCheck>, Refused> {
    if text == "off" {
        return Ok(None);
    }
    if protocol == Some(UpstreamProtocol::H2c) {
        return Err(Refused::new(
            "is asked over HTTP/1.1, which an app of PROXY_UPSTREAM_PROTOCOL=h2c may not speak",
            "write off, and see PROXY_UPSTREAM_GRPC_HEALTH for apps that serve gRPC",
        ));
    }
    parse::path(text)
        .map(|path| Some(HealthCheck::Path(path)))
        .map_err(|refused| Refused::new(refused.reason, "write for example /healthz, or off"))
}

pub(super) fn health_path_name(check: Option<&HealthCheck>) -> String {
    match check {
        Some(HealthCheck::Path(path)) => path.clone(),
        Some(HealthCheck::Grpc(_)) | None => "off".to_owned(),
    }
}

/// `off`, `on` for the app as a whole, or a service.
pub(super) fn grpc_health(
    text: &str,
    protocol: Option<UpstreamProtocol>,
) -> Result<Option<HealthCheck>, Refused> {
    const REMEDY: &str = "write off, on, or the full name of a gRPC service, such as shop.v1.Cart";
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    let service = match text {
        "off" => return Ok(None),
        "on" => "",
        "" => return Err(Refused::new("is empty", REMEDY)),
        _ if text.len() > LONGEST_SERVICE => {
            return Err(Refused::new("is longer than 127 bytes", REMEDY));
        }
        _ if text.bytes().all(is_name_byte) => text,
        _ => return Err(Refused::new("is not the name of a gRPC service", REMEDY)),
    };
    if protocol == Some(UpstreamProtocol::Http1) {
        return Err(Refused::new(
            "asks over HTTP/2, which an app of PROXY_UPSTREAM_PROTOCOL=http1 may not speak",
            "set PROXY_UPSTREAM_PROTOCOL=h2c, or write off",
        ));
    }
    Ok(Some(HealthCheck::Grpc(service.to_owned())))
}

pub(super) fn grpc_health_name(check: Option<&HealthCheck>) -> String {
    match check {
        Some(HealthCheck::Grpc(service)) if service.is_empty() => "on".to_owned(),
        Some(HealthCheck::Grpc(service)) => service.clone(),
        Some(HealthCheck::Path(_)) | None => "off".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_path_is_rejected_for_h2c() {
        let asked = |protocol| upstream_health_path("/healthz", Some(protocol));
        let path = HealthCheck::Path("/healthz".to_owned());
        assert_eq!(asked(UpstreamProtocol::Http1), Ok(Some(path)));
        assert!(asked(UpstreamProtocol::H2c).is_err());
        assert_eq!(upstream_health_path("off", Some(UpstreamProtocol::H2c)), Ok(None));
        assert!(upstream_protocol("h2").is_err());
    }

    #[test]
    fn grpc_health_is_rejected_for_http1() {
        let h2c = |text: &str| grpc_health(text, Some(UpstreamProtocol::H2c));
        for text in ["off", "on", "shop.v1.Cart", "liveness"] {
            let check = h2c(text).expect(text);
            assert_eq!(grpc_health_name(check.as_ref()), text);
        }
        assert_eq!(h2c("on"), Ok(Some(HealthCheck::Grpc(String::new()))));
        for text in ["", "a b", "a\nb", &"x".repeat(128)] {
            assert!(h2c(text).is_err(), "{text:?}");
        }
        assert!(h2c(&"x".repeat(127)).is_ok());
        let http1 = |text: &str| grpc_health(text, Some(UpstreamProtocol::Http1));
        assert_eq!(http1("off"), Ok(None));
        assert!(http1("on").is_err());
    }
}
