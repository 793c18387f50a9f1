//! What is compressed, how content is hashed, which entity tags match.

use super::*;

fn text(body: impl Into<Bytes>, effort: Effort) -> Representation {
    Representation::compressed(HeaderValue::from_static("text/plain"), body, Some(effort))
}

#[test]
fn incompressible_content_is_left_as_it_is() {
    // Digests of digests do not compress.
    let noise = (0_u8..8).fold(Vec::new(), |mut noise, seed| {
        noise.extend(Sha256::digest([noise.as_slice(), &[seed]].concat()));
        noise
    });
    for body in [noise, Vec::new()] {
        assert!(text(body, Effort::Best).encoded.is_empty());
    }
}

#[test]
fn best_effort_compresses_more_than_quick() {
    let words = "A small school on a large piece of ice. ".repeat(40) + "Cold water, warm teachers.";
    let quick = text(words.clone(), Effort::Quick);
    let best = text(words, Effort::Best);
    for encoding in Encoding::ALL {
        let length = |of: &Representation| of.body(Some(encoding)).unwrap().len();
        assert!(length(&best) <= length(&quick), "{encoding:?}");
        assert!(length(&quick) < best.plain.body.len() / 4, "{encoding:?}");
    }
    assert_eq!(quick.content_hash, best.content_hash);
}

#[test]
fn content_hash_has_sixteen_digits() {
    assert_eq!(text("penguin", Effort::Quick).content_hash.len(), 16);
    assert_ne!(
        text("penguin", Effort::Quick).content_hash,
        text("penguins", Effort::Quick).content_hash
    );
}

fn matches(lines: &[&[u8]], etag: &'static str) -> bool {
    let mut request = HeaderMap::new();
    for line in lines {
        request.append(IF_NONE_MATCH, HeaderValue::from_bytes(line).unwrap());
    }
    if_none_match(&request, &HeaderValue::from_static(etag))
}

#[test]
fn if_none_match_finds_the_tag_in_a_list() {
    assert!(matches(&[br#""a", "b" ,"c""#], r#""b""#));
    assert!(
        matches(&[br#""a""#, br#"W/"b""#], r#""b""#),
        "two lines are one list"
    );
    assert!(matches(&[b" * "], r#""b""#));
    assert!(
        matches(&["\"é\", \"b\"".as_bytes()], r#""b""#),
        "tags may hold bytes outside ASCII"
    );
    for other in [&br#""a", "c""#[..], b"", b"b"] {
        assert!(!matches(&[other], r#""b""#));
    }
}
