//! Rollback targets for a history of five releases: one written twice, one with a missing image.

use std::time::Duration;

use super::*;
use crate::report::releases::table;

fn history() -> Vec<Written> {
    // Oldest first, as in SSM.
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

fn back_from(running: &str, requested: Option<&str>) -> Result<Target, TargetError> {
    target(&list(running), &images(), running, requested)
}

#[test]
fn releases_are_unique_newest_first_with_environments() {
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
fn rollback_target_precedes_the_running_release() {
    assert_eq!(back_from("bbbb", None).unwrap().tag, "cccc");
}

#[test]
fn release_without_images_is_skipped_and_reported() {
    let target = back_from("eeee", None).unwrap();
    assert_eq!(
        (target.tag.as_str(), target.passed_over),
        ("bbbb", vec!["dddd".to_owned()])
    );
}

#[test]
fn unknown_running_tag_has_no_rollback_target() {
    assert_eq!(
        back_from("feature", None),
        Err(TargetError::NothingBefore { gone: Vec::new() })
    );
}

#[test]
fn first_release_and_empty_history_have_no_rollback_target() {
    assert_eq!(
        back_from("aaaa", None),
        Err(TargetError::NothingBefore { gone: Vec::new() })
    );
    assert_eq!(
        target(&[], &images(), "aaaa", None),
        Err(TargetError::NothingBefore { gone: Vec::new() })
    );
}

#[test]
fn requested_tag_must_have_images() {
    assert_eq!(back_from("bbbb", Some("feat")).unwrap().tag, "feature");
    assert_eq!(
        back_from("bbbb", Some("dddd")),
        Err(TargetError::Gone {
            tag: "dddd".into(),
            containers: vec!["app".into()]
        })
    );
    assert_eq!(
        back_from("bbbb", Some("bbbb")),
        Err(TargetError::RunsAlready("bbbb".into()))
    );
    assert_eq!(
        back_from("bbbb", Some("featrue")),
        Err(TargetError::UnknownTag(TagError::Unknown {
            nearest: Some("feature".into())
        }))
    );
}

#[test]
fn rollback_works_without_permission_to_list_images() {
    let unreadable = BTreeMap::from([("app".to_owned(), None), ("proxy".to_owned(), None)]);
    let list = releases(history(), &unreadable, &[]);
    assert!(table(&list).contains('?'));
    assert_eq!(target(&list, &unreadable, "eeee", None).unwrap().tag, "dddd");
    assert_eq!(
        target(&list, &unreadable, "eeee", Some("qqqqqq")).unwrap().tag,
        "qqqqqq"
    );
}
