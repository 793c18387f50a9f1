//! A history of five releases, of which one was written twice and one has lost an image.

use std::time::Duration;

use super::*;

fn history() -> Vec<Written> {
    // As SSM gives it: oldest first.
    ["aaaa", "bbbb", "cccc", "bbbb", "dddd", "eeee"]
        .iter()
        .zip(1..)
        .map(|(tag, version)| Written {
            tag: (*tag).to_owned(),
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(60 * u64::try_from(version).unwrap()),
            version,
        })
        .collect()
}

fn images() -> BTreeMap<String, Tags> {
    let tags = |tags: &[&str]| Some(tags.iter().map(|tag| (*tag).to_owned()).collect());
    BTreeMap::from([
        (
            "app".to_owned(),
            tags(&["aaaa", "bbbb", "cccc", "eeee", "feature"]),
        ),
        (
            "proxy".to_owned(),
            tags(&["aaaa", "bbbb", "cccc", "dddd", "eeee", "feature"]),
        ),
    ])
}

fn list(running: &str) -> Vec<Release> {
    releases(history(), &images(), &[("prod".to_owned(), running.to_owned())])
}

fn back_from(running: &str, wish: Option<&str>) -> Result<Target, Refusal> {
    target(&list(running), &images(), running, wish)
}

#[test]
fn newest_first_each_once_and_what_runs_where() {
    insta::assert_snapshot!(table(&list("bbbb")), @r"
    RELEASE  WRITTEN (UTC)     IMAGES  RUNS ON
    eeee     1970-01-01 00:06  both
    dddd     1970-01-01 00:05  no app
    bbbb     1970-01-01 00:04  both    prod
    cccc     1970-01-01 00:03  both
    aaaa     1970-01-01 00:01  both
    ");
}

#[test]
fn the_previous_one_is_that_before_what_runs_not_before_the_latest() {
    assert_eq!(back_from("bbbb", None).unwrap().tag, "cccc");
}

#[test]
fn one_without_images_is_passed_over_and_named() {
    let target = back_from("eeee", None).unwrap();
    assert_eq!(
        (target.tag.as_str(), target.passed_over),
        ("bbbb", vec!["dddd".to_owned()])
    );
}

#[test]
fn from_a_tag_that_was_never_a_release_the_way_back_is_the_latest() {
    let target = back_from("feature", None).unwrap();
    assert_eq!((target.tag.as_str(), target.from_unknown), ("eeee", true));
}

#[test]
fn nothing_before_the_first_and_nothing_without_a_history() {
    assert_eq!(
        back_from("aaaa", None),
        Err(Refusal::NothingBefore { gone: Vec::new() })
    );
    assert_eq!(target(&[], &images(), "aaaa", None), Err(Refusal::NoHistory));
}

#[test]
fn a_wish_may_name_what_was_never_the_latest_but_not_what_is_not_there() {
    assert_eq!(back_from("bbbb", Some("feat")).unwrap().tag, "feature");
    assert_eq!(
        back_from("bbbb", Some("dddd")),
        Err(Refusal::Gone {
            tag: "dddd".into(),
            containers: vec!["app".into()]
        })
    );
    assert_eq!(
        back_from("bbbb", Some("bbbb")),
        Err(Refusal::RunsAlready("bbbb".into()))
    );
    assert_eq!(
        back_from("bbbb", Some("featrue")),
        Err(Refusal::Unclear(Unclear::Unknown {
            nearest: Some("feature".into())
        }))
    );
}

#[test]
fn who_may_not_look_at_images_may_still_roll_back() {
    let blind = BTreeMap::from([("app".to_owned(), None), ("proxy".to_owned(), None)]);
    let list = releases(history(), &blind, &[]);
    assert!(table(&list).contains('?'));
    assert_eq!(target(&list, &blind, "eeee", None).unwrap().tag, "dddd");
    assert_eq!(
        target(&list, &blind, "eeee", Some("qqqqqq")).unwrap().tag,
        "qqqqqq"
    );
}
