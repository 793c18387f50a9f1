//! Proactive negotiation of the content encoding (RFC 9110, 12.5.3).

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

use crate::encoding::Encoding;

/// Chooses among the encodings on offer, best first; `None` is identity.
///
/// A request that rules out everything on offer gets identity: a body that it may not decode helps more than a 406.
pub(super) fn select(request: &HeaderMap, offered: impl Iterator<Item = Encoding>) -> Option<Encoding> {
    let weight = |name: &str| weight(request, name);
    let star = weight("*").unwrap_or(0.0);
    // Identity is acceptable unless ruled out, but anything that is named is preferred to it.
    let mut best = (None, f32::MIN_POSITIVE.max(weight("identity").unwrap_or(0.0)));
    for encoding in offered {
        let weight = weight(encoding.name()).unwrap_or(star);
        if weight > best.1 || (weight >= best.1 && best.0.is_none()) {
            best = (Some(encoding), weight);
        }
    }
    best.0
}

/// Returns the weight that `Accept-Encoding` gives to a name, if it gives one.
fn weight(request: &HeaderMap, name: &str) -> Option<f32> {
    let lines = request.get_all(ACCEPT_ENCODING).iter();
    let items = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    items.into_iter().find_map(|item| {
        let (named, parameter) = item.split_once(';').unwrap_or((item, "q=1"));
        let (key, value) = parameter.split_once('=')?;
        let weight: f32 = value.trim().parse().ok()?;
        let valid = key.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&weight);
        (valid && named.trim().eq_ignore_ascii_case(name)).then_some(weight)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn choice(lines: &[&'static str]) -> &'static str {
        let mut request = HeaderMap::new();
        for line in lines {
            request.append(ACCEPT_ENCODING, HeaderValue::from_static(line));
        }
        select(&request, Encoding::ALL.into_iter()).map_or("identity", Encoding::name)
    }

    #[test]
    fn weights_are_obeyed_and_ties_go_to_the_smallest() {
        for (header, expected) in [
            ("gzip, deflate, br, zstd", "br"),
            ("gzip, zstd", "gzip"),
            ("gzip", "gzip"),
            ("GZIP", "gzip"),
            ("br;q=0.5, gzip;q=0.8", "gzip"),
            ("br;q=0.5,gzip;q=0.5", "br"),
            ("br ; q=0.001", "br"),
            ("br;Q=0, gzip", "gzip"),
            ("*", "br"),
            ("*;q=0.1, br;q=0", "gzip"),
            ("gzip;q=0.5, *;q=0.8", "br"),
            ("identity;q=0, gzip;q=0.2", "gzip"),
            ("*;q=0, br", "br"),
        ] {
            assert_eq!(choice(&[header]), expected, "{header}");
        }
        assert_eq!(
            choice(&["gzip;q=0.4", "deflate;q=0.8, br;q=0.5"]),
            "br",
            "two lines are one list"
        );
    }

    #[test]
    fn identity_is_sent_where_nothing_else_is_wanted() {
        for header in [
            "",
            "identity",
            "deflate",
            "gzip;q=0",
            "br;q=0, gzip;q=0",
            "identity;q=1, gzip;q=0.5",
            "gzip;q=2",
            "gzip;q=-1",
            "gzip;q=",
            "gzip;q=nan",
            "*;q=0, identity",
            "identity;q=0",
            "*;q=0",
            ",,;q=1",
        ] {
            assert_eq!(choice(&[header]), "identity", "{header}");
        }
        assert_eq!(choice(&[]), "identity");
    }
}
