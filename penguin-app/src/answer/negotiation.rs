//! Which content coding a request would like best (RFC 9110, 12.5.3).

use crate::coding::Coding;
use crate::document::Form;

/// Chooses among the codings on offer, the one that we would rather send first; nothing on offer is worse than
/// sending the content as it is, so that is always on offer too.
///
/// The answer is `None` where the request accepts nothing of it.
pub(super) fn select(accept_encoding: Option<&str>, offered: &[Coding]) -> Option<Form> {
    let Some(header) = accept_encoding else {
        // Anything would do; a client that does not say that it can decode often cannot.
        return Some(Form::Plain);
    };
    let wishes = Wishes::read(header);
    let mut best: Option<(u16, Coding)> = None;
    for coding in offered {
        let weight = wishes.weight(coding.name());
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, *coding));
        }
    }
    let plain = wishes.plain_weight();
    match best {
        Some((weight, coding)) if weight >= plain.unwrap_or(0) => Some(Form::Encoded(coding)),
        _ if plain == Some(0) => None,
        _ => Some(Form::Plain),
    }
}

/// What a header says, weights in thousandths.
struct Wishes<'a> {
    named: Vec<(&'a str, u16)>,
    star: Option<u16>,
}

impl<'a> Wishes<'a> {
    fn read(header: &'a str) -> Self {
        let mut wishes = Self {
            named: Vec::new(),
            star: None,
        };
        for wish in header.split(',') {
            let (name, parameters) = wish.split_once(';').unwrap_or((wish, ""));
            let name = name.trim();
            let Some(weight) = weight(parameters) else {
                continue;
            };
            match name {
                "" => {}
                "*" => wishes.star = Some(weight),
                name => wishes.named.push((name, weight)),
            }
        }
        wishes
    }

    fn named(&self, name: &str) -> Option<u16> {
        self.named
            .iter()
            .find(|(named, _)| {
                named.eq_ignore_ascii_case(name) || (name == "gzip" && named.eq_ignore_ascii_case("x-gzip"))
            })
            .map(|(_, weight)| *weight)
    }

    /// A coding that is not named is not wanted, unless a star stands for it.
    fn weight(&self, name: &str) -> u16 {
        self.named(name).or(self.star).unwrap_or(0)
    }

    /// The content as it is may be sent unless ruled out; where it is not named, anything that is wanted at all is
    /// wanted more.
    fn plain_weight(&self) -> Option<u16> {
        self.named("identity").or(match self.star {
            Some(0) => Some(0),
            _ => None,
        })
    }
}

/// The weight among the parameters of a wish: 1000 where there is none, `None` where it cannot be read.
fn weight(parameters: &str) -> Option<u16> {
    for parameter in parameters.split(';') {
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        if name.trim().eq_ignore_ascii_case("q") {
            return thousandths(value.trim());
        }
    }
    Some(1000)
}

/// `1`, `0.5`, `0.125` in thousandths; nothing else is a weight.
fn thousandths(value: &str) -> Option<u16> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("1", 0) => Some(1000),
        ("0", fraction) => Some(fraction),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer for a document in every coding, as a word.
    fn choice(header: &str) -> &'static str {
        name(select(Some(header), &Coding::ALL))
    }

    fn name(selected: Option<Form>) -> &'static str {
        match selected {
            None => "nothing",
            Some(Form::Plain) => "identity",
            Some(Form::Encoded(coding)) => coding.name(),
        }
    }

    #[test]
    fn obeys_weights_and_otherwise_prefers_the_smallest() {
        for (header, expected) in [
            ("gzip, deflate, br, zstd", "br"),
            ("gzip, zstd", "zstd"),
            ("gzip", "gzip"),
            ("GZIP", "gzip"),
            ("x-gzip", "gzip"),
            ("br;q=0.5, gzip;q=0.8", "gzip"),
            ("br;q=0.5,gzip;q=0.5", "br"),
            ("br ; q=0.001", "br"),
            ("br;Q=0, gzip", "gzip"),
            ("*", "br"),
            ("*;q=0.1, br;q=0", "zstd"),
            ("gzip;q=0.5, *;q=0.8", "br"),
        ] {
            assert_eq!(choice(header), expected, "{header}");
        }
    }

    #[test]
    fn sends_it_as_it_is_where_that_is_wanted_more_or_nothing_else_is() {
        for header in [
            "",
            "identity",
            "deflate",
            "gzip;q=0",
            "br;q=0, zstd;q=0, gzip;q=0",
            "identity;q=1, gzip;q=0.5",
            "gzip;q=2",
            "gzip;q=0.1234",
            "gzip;q=-1",
            "gzip;q=",
            "*;q=0, identity",
            ",,;q=1",
        ] {
            assert_eq!(choice(header), "identity", "{header}");
        }
        assert_eq!(name(select(None, &Coding::ALL)), "identity");
    }

    #[test]
    fn ruled_out_is_ruled_out() {
        for header in [
            "identity;q=0",
            "*;q=0",
            "identity;q=0, gzip;q=0",
            "identity;q=0, deflate",
        ] {
            assert_eq!(choice(header), "nothing", "{header}");
        }
        assert_eq!(choice("identity;q=0, gzip;q=0.2"), "gzip");
        assert_eq!(choice("*;q=0, br"), "br");
        assert_eq!(name(select(Some("gzip, identity;q=0"), &[])), "nothing");
        assert_eq!(name(select(Some("gzip, *"), &[])), "identity");
    }

    #[test]
    fn what_is_not_compressed_is_sent_as_it_is() {
        assert_eq!(name(select(Some("gzip, br"), &[])), "identity");
    }
}
