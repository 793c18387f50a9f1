//! Tags of images: commits of forty digits, which nobody reads or types to the end.

use crate::settings::nearest;

/// A tag as it is shown: of a commit the first eight digits, as GitHub nearly does; of anything else all that fits a column.
pub fn short(tag: &str) -> String {
    let commit = tag.len() == 40 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    let most = if commit { 8 } else { 24 };
    if tag.chars().count() <= most {
        tag.to_owned()
    } else if commit {
        tag.chars().take(most).collect()
    } else {
        tag.chars().take(most - 1).chain(['…']).collect()
    }
}

/// What was typed names no tag, or more than one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// There is none; this one is near.
    Unknown {
        /// The nearest one.
        nearest: Option<String>,
    },
    /// It is the beginning of several.
    Several(Vec<String>),
}

/// Digits of a commit that are enough to mean it.
const ENOUGH: usize = 4;

/// The tag that is meant: named in full, or by a beginning that only one has.
pub fn meant<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Result<&'a str, Unclear> {
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
            // Beginnings are compared with beginnings, or the length of a commit outweighs what was typed.
            let length = typed.chars().count();
            let beginnings: Vec<String> = known
                .iter()
                .map(|tag| tag.chars().take(length).collect())
                .collect();
            let found = nearest(typed, beginnings.iter().map(String::as_str));
            let nearest = found
                .and_then(|begin| known.iter().find(|tag| tag.starts_with(begin)))
                .map(|tag| (*tag).to_owned());
            Err(Unclear::Unknown { nearest })
        }
        several => Err(Unclear::Several(
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
    fn a_beginning_is_enough_if_only_one_has_it() {
        assert_eq!(meant("4f2a9c", [ONE, TWO]), Ok(ONE));
        assert_eq!(meant(TWO, [ONE, TWO]), Ok(TWO));
        assert_eq!(
            meant("4f2a", [ONE, TWO]),
            Err(Unclear::Several(vec![TWO.into(), ONE.into()]))
        );
    }

    #[test]
    fn a_slip_of_the_finger_is_answered_with_the_nearest() {
        assert_eq!(
            meant("4f2a9d01", [ONE, "b0b0b0b0"]),
            Err(Unclear::Unknown {
                nearest: Some(ONE.into())
            })
        );
        assert_eq!(meant("zzzz", [ONE]), Err(Unclear::Unknown { nearest: None }));
    }
}
