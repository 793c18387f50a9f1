//! `Accept-Encoding` parser with weights, `identity` and `*` (RFC 9110 §12.5.3).

use http::header::{ACCEPT_ENCODING, GetAll, HeaderMap, HeaderValue};

/// A coding that the proxy can apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Zstandard (RFC 8878).
    Zstd,
    /// gzip (RFC 1952).
    Gzip,
}

impl Coding {
    /// The value of `Content-Encoding`.
    pub fn token(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }
}

/// Weights in thousandths; `None` where a coding is not named.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Weights {
    zstd: Option<u16>,
    gzip: Option<u16>,
    identity: Option<u16>,
    others: Option<u16>,
}

/// The coding that a client likes best among those offered, or none.
///
/// Equal weights go to zstd, which is smaller and cheaper. A client that likes `identity` better than any coding is
/// sent none, and so is one that refuses everything: a page in the wrong coding is better than a 406. `*` means gzip: the
/// clients that send it are older than zstd.
pub(super) fn preferred(headers: &HeaderMap) -> Option<Coding> {
    let weights = weights(&headers.get_all(ACCEPT_ENCODING));
    let zstd = weights.zstd.unwrap_or(0);
    let gzip = weights.gzip.or(weights.others).unwrap_or(0);
    let (coding, weight) = if zstd >= gzip {
        (Coding::Zstd, zstd)
    } else {
        (Coding::Gzip, gzip)
    };
    // Unnamed, identity is acceptable but never preferred.
    (weight > 0 && weight >= weights.identity.unwrap_or(0)).then_some(coding)
}

fn weights(values: &GetAll<'_, HeaderValue>) -> Weights {
    let mut weights = Weights::default();
    for member in values
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
    {
        let mut parts = member.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let weight = match (parts.next(), parts.next()) {
            (None, _) => 1000,
            (Some(parameter), None) => weight(parameter).unwrap_or(0),
            // More than a weight is no coding of ours.
            (Some(_), Some(_)) => 0,
        };
        let place = if name.eq_ignore_ascii_case(b"zstd") {
            &mut weights.zstd
        } else if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") {
            &mut weights.gzip
        } else if name.eq_ignore_ascii_case(b"identity") {
            &mut weights.identity
        } else if name == b"*" {
            &mut weights.others
        } else {
            continue;
        };
        // Named twice: the lower weight, so that a refusal is never overlooked.
        *place = Some(place.map_or(weight, |before| before.min(weight)));
    }
    weights
}

/// `q=0.5` as 500. Anything that the grammar does not know is `None`, which counts as a refusal.
fn weight(parameter: &[u8]) -> Option<u16> {
    let [b'q' | b'Q', b'=', whole @ (b'0' | b'1'), fraction @ ..] = parameter else {
        return None;
    };
    let digits = match fraction {
        [] => &[][..],
        [b'.', digits @ ..] if digits.len() <= 3 && digits.iter().all(u8::is_ascii_digit) => digits,
        _ => return None,
    };
    let places = [100, 10, 1];
    let parts: u16 = digits
        .iter()
        .zip(places)
        .map(|(digit, place)| u16::from(digit - b'0') * place)
        .sum();
    let weight = u16::from(whole - b'0') * 1000 + parts;
    (weight <= 1000).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_encoding_weights() {
        for (accept, expected) in [
            (&[][..], None),
            (&[""], None),
            (&["gzip"], Some(Coding::Gzip)),
            (&["x-gzip"], Some(Coding::Gzip)),
            (&["GZIP, deflate, br"], Some(Coding::Gzip)),
            (&["gzip, deflate, br, zstd"], Some(Coding::Zstd)),
            (&["gzip", "zstd"], Some(Coding::Zstd)),
            (&["gzip;q=1.0, zstd;q=0.9"], Some(Coding::Gzip)),
            (&["gzip;q=0.5, zstd;q=0.5"], Some(Coding::Zstd)),
            (&["gzip;q=0"], None),
            (&["gzip;q=0.000, zstd;q=0"], None),
            (&["gzip ; q=0.001"], Some(Coding::Gzip)),
            (&["*"], Some(Coding::Gzip)),
            (&["*;q=0"], None),
            (&["zstd;q=0, *"], Some(Coding::Gzip)),
            (&["gzip;q=0, *;q=0.1"], None),
            (&["zstd;q=0.5, *;q=0.4"], Some(Coding::Zstd)),
            (&["zstd;q=0.4, *;q=0.5"], Some(Coding::Gzip)),
            (&["identity"], None),
            (&["identity, gzip;q=0.5"], None),
            (&["identity;q=0.5, gzip;q=0.5"], Some(Coding::Gzip)),
            (&["identity;q=0, gzip;q=0"], None),
            (&["identity;q=0, *;q=0"], None),
            (&["gzip;q=2"], None),
            (&["gzip;q=0.1234"], None),
            (&["gzip;q=1.001"], None),
            (&["gzip;q="], None),
            (&["gzip;level=9"], None),
            (&["gzip, gzip;q=0"], None),
            (&["br"], None),
            (&[",,gzip,,"], Some(Coding::Gzip)),
            (&["gzip deflate"], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in accept {
                headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(preferred(&headers), expected, "{accept:?}");
        }
    }
}
