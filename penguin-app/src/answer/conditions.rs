//! Whether an entity tag is in the list that a client holds (RFC 9110, 8.8.3 and 13.1).

/// `If-Match`: both tags must be strong.
pub(super) fn matches_strongly(list: &str, tag: &str) -> bool {
    list.trim() == "*" || tags(list).any(|known| known == tag)
}

/// `If-None-Match`: a tag that a proxy made weak is still the same.
pub(super) fn matches_weakly(list: &str, tag: &str) -> bool {
    list.trim() == "*" || tags(list).any(|known| known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// Ours hold hexadecimal digits and a coding, so that a comma never stands inside a tag that could match.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_tag_in_a_list() {
        assert!(matches_weakly(r#""a", "b" ,"c""#, r#""b""#));
        assert!(!matches_weakly(r#""a", "b""#, r#""c""#));
        assert!(!matches_weakly("", r#""c""#));
        assert!(!matches_weakly("c", r#""c""#), "a tag without quotes is no tag");
    }

    #[test]
    fn a_star_is_every_tag() {
        assert!(matches_weakly(" * ", r#""a""#));
        assert!(matches_strongly("*", r#""a""#));
    }

    #[test]
    fn only_if_none_match_accepts_a_weak_tag() {
        assert!(matches_weakly(r#"W/"a""#, r#""a""#));
        assert!(!matches_strongly(r#"W/"a""#, r#""a""#));
    }
}
