//! Image tags: shortening, and lookup by prefix.

use crate::settings::nearest;

/// Returns a tag for display: the first eight digits of a commit, or other tags truncated to the column.
pub fn short(tag: &str) -> String {
    let commit = tag.len() == 40 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (most, tail) = if commit { (8, "") } else { (24, "…") };
    ::console::truncate_str(tag, most, tail).into_owned()
}

/// Unknown or ambiguous tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagError {
    /// No match.
    Unknown {
        /// The nearest tag.
        nearest: Option<String>,
    },
    /// Several matches.
    Several(Vec<String>),
}

/// Minimum length of a commit prefix.
const ENOUGH: usize = 4;

/// Returns the tag that equals `typed` or is the only one with this prefix.
pub fn resolve<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Result<&'a str, TagError> {
    let mut known: Vec<_> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    if let Some(exact) = known.iter().find(|tag| **tag == typed) {
        return Ok(exact);
    }
    let begin: Vec<_> = known
        .iter()
        .filter(|tag| typed.len() >= ENOUGH && tag.starts_with(typed))
        .copied()
        .collect();
    match begin.as_slice() {
        [only] => Ok(only),
        [] => {
            // Compare prefixes, since the length of a commit would dominate the distance.
            let length = typed.chars().count();
            let beginnings: Vec<String> = known
                .iter()
                .map(|tag| tag.chars().take(length).collect())
                .collect();
            let found = nearest(typed, beginnings.iter().map(String::as_str));
            let nearest = found
                .and_then(|begin| known.iter().find(|tag| tag.starts_with(begin)))
                .map(|tag| (*tag).to_owned());
            Err(TagError::Unknown { nearest })
        }
        several => Err(TagError::Several(
            several.iter().map(|tag| (*tag).to_owned()).collect(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "4f2a9c01d7a0e5b6c8d9e0f1a2b3c4d5e6f70819";
    const TWO: &str = "4f2a77aa00112233445566778899aabbccddeeff";

    #[test]
    fn commits_are_shown_short_and_other_tags_whole() {
        assert_eq!(short(ONE), "4f2a9c01");
        assert_eq!(short("v1.2.3"), "v1.2.3");
        assert_eq!(
            short("release-of-the-year-with-a-long-name"),
            "release-of-the-year-wit…"
        );
    }

    #[test]
    fn unique_prefix_resolves_to_the_tag() {
        assert_eq!(resolve("4f2a9c", [ONE, TWO]), Ok(ONE));
        assert_eq!(resolve(TWO, [ONE, TWO]), Ok(TWO));
        assert_eq!(
            resolve("4f2a", [ONE, TWO]),
            Err(TagError::Several(vec![TWO.into(), ONE.into()]))
        );
    }

    #[test]
    fn typo_suggests_the_nearest_tag() {
        assert_eq!(
            resolve("4f2a9d01", [ONE, "b0b0b0b0"]),
            Err(TagError::Unknown {
                nearest: Some(ONE.into())
            })
        );
        assert_eq!(resolve("zzzz", [ONE]), Err(TagError::Unknown { nearest: None }));
    }
}
