//! Whether a changed property is changed in place or costs the resource its life, as far as the template tells.
//!
//! The facts are those of `replacements.json`, which `infra/tests/replacements` writes from AWS's resource schemas.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::changes::Action;
use super::properties::{Place, PropertyDifference, differences, item_labels};
use super::values::{function, is_dynamic};
use super::{ResourceDifference, kind, loss, stays};
use crate::cfn::mentions;

/// What a changed property means for its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Replaces {
    /// It is changed in place.
    No,
    /// A new resource may take its place: CloudFormation decides by values that a template does not tell.
    May,
    /// A new resource takes its place.
    Certainly,
}

#[derive(Deserialize)]
struct Facts {
    date: String,
    types: BTreeMap<String, TypeFacts>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TypeFacts {
    replaces: Vec<String>,
    may: Vec<String>,
}

static FACTS: LazyLock<Option<Facts>> =
    LazyLock::new(|| serde_json::from_str(include_str!("replacements.json")).ok());

/// The day of the schemas that the facts come from.
pub static FACTS_DATE: LazyLock<&str> =
    LazyLock::new(|| FACTS.as_ref().map_or("", |facts| facts.date.as_str()));

/// What is known of a type; nothing if it is not among the facts.
fn facts(kind: &str) -> Option<&'static TypeFacts> {
    FACTS.as_ref()?.types.get(kind)
}

/// True if it is known which properties replace a resource of this type.
pub(super) fn is_known(kind: &str) -> bool {
    facts(kind).is_some()
}

/// A resource that both templates have.
#[derive(Debug)]
pub(super) struct Kept<'a> {
    old: &'a Json,
    new: &'a Json,
    properties: Vec<PropertyDifference>,
    replaces: Replaces,
}

impl<'a> Kept<'a> {
    pub(super) fn new(old: &'a Json, new: &'a Json) -> Self {
        let mut properties = differences(old, new);
        for property in &mut properties {
            property.replaces = verdict(property, old, new);
        }
        let replaces = most(&properties);
        Self {
            old,
            new,
            properties,
            replaces,
        }
    }

    /// The difference, if there is one.
    pub(super) fn finish(self, id: &str) -> Option<ResourceDifference> {
        if self.properties.is_empty() {
            return None;
        }
        let kind = kind(self.new);
        let old_kind = super::kind(self.old);
        let stays = stays(self.old, "UpdateReplacePolicy") && stays(self.new, "UpdateReplacePolicy");
        let action = match self.replaces {
            Replaces::No => Action::Change,
            Replaces::May => Action::Replace { certain: false },
            Replaces::Certainly => Action::Replace { certain: true },
        };
        let gone = matches!(action, Action::Replace { .. }) && !stays;
        let note = if kind != old_kind {
            Some(format!(
                "was {old_kind}: CloudFormation refuses another type under the same logical id"
            ))
        } else if matches!(action, Action::Replace { .. }) && stays {
            Some("the old one stays, outside of the stack".to_owned())
        } else if !is_known(kind) && !kind.starts_with("Custom::") {
            Some("which properties replace this type is not known here".to_owned())
        } else {
            None
        };
        Some(ResourceDifference {
            action,
            resource: id.to_owned(),
            kind: kind.to_owned(),
            properties: self.properties,
            loss: loss(id, old_kind)
                .filter(|_| gone)
                .map(|loss| match self.replaces {
                    Replaces::May => format!("{loss}, should it be replaced"),
                    _ => loss,
                }),
            note,
        })
    }
}

fn most(properties: &[PropertyDifference]) -> Replaces {
    let verdicts = properties.iter().map(|property| property.replaces);
    verdicts.max().unwrap_or(Replaces::No)
}

/// What a difference means for its resource.
fn verdict(property: &PropertyDifference, old: &Json, new: &Json) -> Replaces {
    let keys: Vec<&str> = property.keys.iter().map(String::as_str).collect();
    let below = match keys.as_slice() {
        ["Properties", below @ ..] => below,
        ["Type"] => return Replaces::Certainly,
        _ => return Replaces::No,
    };
    let Some(facts) = facts(kind(new)) else {
        return Replaces::May;
    };
    let concerns = |pointer: &&String| concerns(pointer, below, property);
    if let Some(pointer) = facts.replaces.iter().find(concerns) {
        let there = |resource: &Json| {
            let first = pointer.split('/').next().unwrap_or_default();
            resource
                .pointer("/Properties")
                .and_then(|properties| properties.get(first))
                .is_some()
        };
        let values = [&property.before, &property.after];
        let plain = values.into_iter().flatten().all(|value| !is_dynamic(value));
        // What was left out had a default, which may be what is written now.
        let certain = there(old) && there(new) && plain && !property.path.ends_with("(order)");
        return if certain {
            Replaces::Certainly
        } else {
            Replaces::May
        };
    }
    if facts.may.iter().any(|pointer| concerns(&pointer)) {
        Replaces::May
    } else {
        Replaces::No
    }
}

/// True if the difference at `keys` is one of what `pointer` names: it lies within, or holds it.
fn concerns(pointer: &str, keys: &[&str], property: &PropertyDifference) -> bool {
    let parts: Vec<_> = pointer.split('/').collect();
    let same = parts.iter().zip(keys).all(|(part, key)| part == key);
    if !same {
        return false;
    }
    let rest = parts.get(keys.len()..).unwrap_or_default();
    rest.is_empty() || at(property.before.as_ref(), rest) != at(property.after.as_ref(), rest)
}

fn at<'a>(value: Option<&'a Json>, parts: &[&str]) -> Vec<&'a Json> {
    let mut found: Vec<&Json> = value.into_iter().collect();
    for part in parts {
        found = found
            .into_iter()
            .flat_map(|value| match (value, *part) {
                (Json::Array(items), "*") => items.iter().collect(),
                _ => value.get(part).into_iter().collect::<Vec<_>>(),
            })
            .collect();
    }
    found
}

/// Adds what changes because something that it refers to is replaced or has another value, and what that replaces in
/// turn.
pub(super) fn follow(resources: &mut BTreeMap<&str, Kept<'_>>, parameters: &[String]) {
    let mut sources: Vec<String> = parameters.to_vec();
    sources.extend(
        resources
            .iter()
            .filter(|(_, kept)| kept.replaces > Replaces::No)
            .map(|(id, _)| (*id).to_owned()),
    );
    while let Some(source) = sources.pop() {
        for (id, kept) in resources.iter_mut() {
            if *id == source {
                continue;
            }
            let before = kept.replaces;
            for mut property in references(kept.new, &source) {
                // It differs anyway, on its own or as a part of something.
                if kept
                    .properties
                    .iter()
                    .any(|known| property.path.starts_with(&known.path))
                {
                    continue;
                }
                property.replaces = verdict(&property, kept.old, kept.new).min(Replaces::May);
                property.follows = Some(source.clone());
                kept.properties.push(property);
            }
            kept.properties.sort_by(|a, b| a.path.cmp(&b.path));
            kept.replaces = most(&kept.properties);
            if before == Replaces::No && kept.replaces > Replaces::No {
                sources.push((*id).to_owned());
            }
        }
    }
}

/// The properties of a resource that refer to `source`.
fn references(resource: &Json, source: &str) -> Vec<PropertyDifference> {
    let mut found = Vec::new();
    if let Some(properties) = resource.get("Properties") {
        search(
            &Place::default().key("Properties"),
            properties,
            source,
            &mut found,
        );
    }
    found
}

fn search(place: &Place, value: &Json, source: &str, found: &mut Vec<PropertyDifference>) {
    if function(value).is_some() {
        if mentions(value).iter().any(|id| id == source) {
            found.push(place.difference(Some(value), Some(value)));
        }
        return;
    }
    match value {
        Json::Object(map) => {
            for (key, value) in map {
                search(&place.key(key), value, source, found);
            }
        }
        Json::Array(items) => {
            for (label, item) in item_labels(items).iter().zip(items) {
                search(&place.item(label), item, source, found);
            }
        }
        _ => {}
    }
}
