//! `Via` (RFC 9110 §7.6.3): names this proxy in requests, and recognizes requests that it forwarded before.

use http::Version;
use http::header::{HeaderMap, HeaderValue, VIA};

/// The name of one running proxy: `penguin-proxy-` and 16 random digits.
///
/// Another proxy of this program in front or behind has another name, so a name that comes back means a loop.
#[derive(Debug, Clone)]
pub struct Via {
    name: String,
    values: [HeaderValue; 3],
}

impl Default for Via {
    fn default() -> Self {
        Self::named(&format!("penguin-proxy-{:016x}", fastrand::u64(..)))
    }
}

impl Via {
    /// A proxy of this name, which must be a token.
    pub fn named(name: &str) -> Self {
        let value = |version| {
            HeaderValue::try_from(format!("{version} {name}"))
                .unwrap_or(HeaderValue::from_static("1.1 penguin-proxy"))
        };
        Self {
            name: name.to_owned(),
            values: [value("1.0"), value("1.1"), value("2")],
        }
    }

    /// Returns the value for a request that came in this version.
    pub(super) fn value(&self, version: Version) -> HeaderValue {
        let [http10, http11, http2] = &self.values;
        match version {
            Version::HTTP_10 => http10,
            Version::HTTP_2 => http2,
            _ => http11,
        }
        .clone()
    }

    /// Whether the request was forwarded by this proxy before.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(VIA).iter();
        values.any(|value| memchr::memmem::find(value.as_bytes(), self.name.as_bytes()).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_name_is_a_loop() {
        let (own, other) = (Via::default(), Via::default());
        let mut headers = HeaderMap::new();
        headers.append(VIA, HeaderValue::from_static("1.1 penguin-proxy"));
        headers.append(VIA, other.value(Version::HTTP_11));
        assert!(!own.is_in(&headers));
        headers.append(VIA, own.value(Version::HTTP_2));
        headers.append(VIA, HeaderValue::from_static("1.1 another"));
        assert!(own.is_in(&headers));
    }

    #[test]
    fn each_version_has_its_value() {
        let via = Via::default();
        for (version, start) in [
            (Version::HTTP_10, "1.0 penguin-proxy-"),
            (Version::HTTP_11, "1.1 penguin-proxy-"),
            (Version::HTTP_2, "2 penguin-proxy-"),
        ] {
            let value = via.value(version);
            assert!(value.to_str().expect("text").starts_with(start), "{value:?}");
        }
    }
}
