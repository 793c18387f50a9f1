//! Parsers of durations, sizes, counts and addresses. Each error has a hint.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

/// Why a value was refused and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) reason: String,
    pub(super) remedy: &'static str,
}

impl Refused {
    pub(super) fn new(reason: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            reason: reason.into(),
            remedy,
        }
    }
}

/// Longest duration: whatever is added to it, no clock overflows.
pub(super) const LONGEST: Duration = Duration::from_hours(24 * 365);
/// Largest size in bytes: an upload at that many a second is none that could be counted wrongly.
pub(super) const LARGEST: u64 = 1 << 50;
/// Largest count, a hundred times what a machine has ports.
pub(super) const MOST: usize = 10_000_000;

/// `15s`, `500ms`, `2m`.
pub(super) fn duration(text: &str) -> Result<Duration, Refused> {
    let duration = humantime::parse_duration(text).map_err(|error| {
        Refused::new(
            format!("is not a duration: {error}"),
            "write a number with its unit: 500ms, 15s, 2m",
        )
    })?;
    if duration > LONGEST {
        return Err(Refused::new(
            "is longer than a year",
            "write for example 15s, 2m or 1h",
        ));
    }
    Ok(duration)
}

/// A duration that must not be zero.
pub(super) fn positive(text: &str) -> Result<Duration, Refused> {
    match duration(text)? {
        Duration::ZERO => Err(Refused::new("must be more than zero", "write for example 10s")),
        some => Ok(some),
    }
}

/// `1MiB`, `16KiB`, `1MB`, `240B`, or plain bytes.
pub(super) fn size(text: &str) -> Result<u64, Refused> {
    const REMEDY: &str = "write bytes or a number with B, KiB, MiB, GiB, kB, MB or GB, such as 1MiB";
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number = u64::from_str(number).map_err(|_| Refused::new("is not a size", REMEDY))?;
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" | "k" => 1 << 10,
        "mib" | "m" => 1 << 20,
        "gib" | "g" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        other => return Err(Refused::new(format!("has an unknown unit {other:?}"), REMEDY)),
    };
    number
        .checked_mul(factor)
        .filter(|size| *size <= LARGEST)
        .ok_or_else(|| Refused::new("is larger than 1 PiB", REMEDY))
}

/// A whole number of at least one.
pub(super) fn count(text: &str) -> Result<usize, Refused> {
    match usize::from_str(text) {
        Ok(some) if (1..=MOST).contains(&some) => Ok(some),
        _ => Err(Refused::new(
            "is not a whole number from 1 to 10000000",
            "write for example 1000",
        )),
    }
}

/// `127.0.0.1:9901`, `[::]:8080`. A listener takes addresses, not names.
pub(super) fn listen_address(text: &str) -> Result<SocketAddr, Refused> {
    SocketAddr::from_str(text).map_err(|_| {
        Refused::new(
            "is not an address with a port",
            "write an IP address and a port, such as [::]:8080, 0.0.0.0:8080 or 127.0.0.1:9901",
        )
    })
}

/// A path that a load balancer can ask for.
pub(super) fn path(text: &str) -> Result<String, Refused> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'%'));
    if text.starts_with('/') && plain {
        Ok(text.to_owned())
    } else {
        Err(Refused::new(
            "is not a plain absolute path",
            "write for example /healthz/ready",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_binary_and_decimal_units() {
        assert_eq!(size("1MiB"), Ok(1_048_576));
        assert_eq!(size("1 MB"), Ok(1_000_000));
        assert_eq!(size("240B"), Ok(240));
        assert_eq!(size("77"), Ok(77));
        assert!(size("MiB").is_err());
        assert!(size("1 parsec").is_err());
        assert!(size("99999999999GiB").is_err());
    }

    #[test]
    fn zero_is_a_duration_but_not_a_positive_one() {
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert!(positive("0s").is_err());
        assert!(duration("15").is_err());
    }

    #[test]
    fn listeners_take_addresses_only() {
        assert!(listen_address("[::]:0").is_ok());
        assert!(listen_address("localhost:80").is_err());
        assert!(listen_address(":8080").is_err());
        assert!(listen_address("0.0.0.0:99999").is_err());
    }

    #[test]
    fn health_path_is_plain() {
        assert!(path("/up").is_ok());
        assert!(path("up").is_err());
        assert!(path("/up?x").is_err());
        assert!(path("/a b").is_err());
    }
}
