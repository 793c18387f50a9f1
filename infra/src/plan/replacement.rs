//! Prediction of whether a changed property replaces its resource.
//!
//! The data is `replacements.json`, which `infra/tests/replacements` generates from AWS's resource schemas.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value as Json;

use super::changes::Action;
use super::properties::{Place, PropertyDifference, Replaces, differences, item_labels};
use super::values::{function, is_dynamic};
use super::{ResourceDifference, is_retained, kind, loss};
use crate::cfn::mentions;

#[derive(Deserialize)]
struct Schemas {
    date: String,
    types: BTreeMap<String, TypeSchema>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TypeSchema {
    replaces: Vec<String>,
    may: Vec<String>,
}

static SCHEMAS: LazyLock<Option<Schemas>> =
    LazyLock::new(|| serde_json::from_str(include_str!("replacements.json")).ok());

/// Date of the resource schemas.
pub static SCHEMA_DATE: LazyLock<&str> =
    LazyLock::new(|| SCHEMAS.as_ref().map_or("", |schemas| schemas.date.as_str()));

/// Returns the data of a type, if known.
fn schema(kind: &str) -> Option<&'static TypeSchema> {
    SCHEMAS.as_ref()?.types.get(kind)
}

/// Returns true if the replacing properties of the type are known.
pub(super) fn is_known(kind: &str) -> bool {
    schema(kind).is_some()
}

/// A resource in both templates.
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
            property.replaces = effect(property, old, new);
        }
        let replaces = most(&properties);
        Self {
            old,
            new,
            properties,
            replaces,
        }
    }

    /// Returns the difference, if there is one.
    pub(super) fn finish(self, id: &str) -> Option<ResourceDifference> {
        if self.properties.is_empty() {
            return None;
        }
        let kind = kind(self.new);
        let old_kind = super::kind(self.old);
        let retained =
            is_retained(self.old, "UpdateReplacePolicy") && is_retained(self.new, "UpdateReplacePolicy");
        let action = match self.replaces {
            Replaces::No => Action::Change,
            Replaces::May => Action::Replace { certain: false },
            Replaces::Certainly => Action::Replace { certain: true },
        };
        let gone = matches!(action, Action::Replace { .. }) && !retained;
        let note = if kind != old_kind {
            Some(format!(
                "the type was {old_kind}: CloudFormation rejects a different type under the same logical ID"
            ))
        } else if matches!(action, Action::Replace { .. }) && retained {
            Some("the old resource is retained, no longer managed by the stack".to_owned())
        } else if !is_known(kind) && !kind.starts_with("Custom::") {
            Some("unknown type: any change may replace it".to_owned())
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
                    Replaces::May => format!("{loss} if it is replaced"),
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

/// Returns the effect of a difference on its resource.
fn effect(property: &PropertyDifference, old: &Json, new: &Json) -> Replaces {
    let keys: Vec<&str> = property.keys.iter().map(String::as_str).collect();
    let below = match keys.as_slice() {
        ["Properties", below @ ..] => below,
        ["Type"] => return Replaces::Certainly,
        _ => return Replaces::No,
    };
    let Some(inventory) = schema(kind(new)) else {
        return Replaces::May;
    };
    let concerns = |pointer: &&String| concerns(pointer, below, property);
    if let Some(pointer) = inventory.replaces.iter().find(concerns) {
        let there = |resource: &Json| {
            let first = pointer.split('/').next().unwrap_or_default();
            resource
                .pointer("/Properties")
                .and_then(|properties| properties.get(first))
                .is_some()
        };
        let values = [&property.before, &property.after];
        let plain = values.into_iter().flatten().all(|value| !is_dynamic(value));
        // An omitted property has a default, which may equal the new value.
        let certain = there(old) && there(new) && plain && !property.path.ends_with("(order)");
        return if certain {
            Replaces::Certainly
        } else {
            Replaces::May
        };
    }
    if inventory.may.iter().any(|pointer| concerns(&pointer)) {
        Replaces::May
    } else {
        Replaces::No
    }
}

/// Returns true if the difference at `keys` is inside or around the property `pointer`.
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

/// Adds changes that follow from references to replaced resources and changed parameters, transitively.
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
                // It differs already.
                if kept
                    .properties
                    .iter()
                    .any(|known| property.path.starts_with(&known.path))
                {
                    continue;
                }
                property.replaces = effect(&property, kept.old, kept.new).min(Replaces::May);
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

/// Returns the properties of a resource that reference `source`.
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
