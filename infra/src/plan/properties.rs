//! Property differences, recursively, with list items matched by name.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value as Json;

use super::values::function;

/// Effect of a changed property on its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Replaces {
    /// The resource is updated in place.
    No,
    /// The resource may be replaced, depending on values that are not in the template.
    May,
    /// The resource is replaced.
    Certainly,
}

/// A property that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PropertyDifference {
    /// Path, for example `Properties.ContainerDefinitions[app].Image`. List items are identified by name or position,
    /// else by `[]`.
    pub path: String,
    /// Old value.
    pub before: Option<Json>,
    /// New value.
    pub after: Option<Json>,
    /// Effect on the resource.
    pub replaces: Replaces,
    /// The referenced resource or parameter whose change affects this property.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    /// Keys of the path in schema form, with `*` for list items.
    #[serde(skip)]
    pub(super) keys: Vec<String>,
}

/// Returns the differences between `old` and `new`.
pub(super) fn differences(old: &Json, new: &Json) -> Vec<PropertyDifference> {
    let mut found = Vec::new();
    walk(&Place::default(), Some(old), Some(new), &mut found);
    found
}

/// A position in a value, in display and schema form.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    path: String,
    keys: Vec<String>,
}

impl Place {
    pub(super) fn key(&self, key: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.then(format!("{}{dot}{key}", self.path), key)
    }

    pub(super) fn item(&self, label: &str) -> Self {
        self.then(format!("{}[{label}]", self.path), "*")
    }

    fn then(&self, path: String, key: &str) -> Self {
        let mut keys = self.keys.clone();
        keys.push(key.to_owned());
        Self { path, keys }
    }

    pub(super) fn difference(&self, before: Option<&Json>, after: Option<&Json>) -> PropertyDifference {
        PropertyDifference {
            path: self.path.clone(),
            before: before.cloned(),
            after: after.cloned(),
            replaces: Replaces::No,
            follows: None,
            keys: self.keys.clone(),
        }
    }
}

fn walk(place: &Place, old: Option<&Json>, new: Option<&Json>, found: &mut Vec<PropertyDifference>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Some(old @ Json::Object(before)), Some(new @ Json::Object(after)))
            if function(old).is_none() && function(new).is_none() =>
        {
            let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
            for key in keys {
                walk(&place.key(key), before.get(key), after.get(key), found);
            }
        }
        (Some(Json::Array(before)), Some(Json::Array(after))) => lists(place, before, after, found),
        _ => found.push(place.difference(old, new)),
    }
}

/// Keys whose values identify list items.
const NAMES: [&str; 9] = [
    "Name",
    "Key",
    "Sid",
    "Id",
    "PolicyName",
    "Field",
    "CapacityProvider",
    "Port",
    "FromPort",
];

/// Returns the key that identifies the items of both lists.
fn naming(before: &[Json], after: &[Json]) -> Option<&'static str> {
    let names_all = |name: &str, items: &[Json]| {
        let labels: Option<BTreeSet<_>> = items.iter().map(|item| label(item, name)).collect();
        labels.is_some_and(|labels| labels.len() == items.len())
    };
    let any = !before.is_empty() || !after.is_empty();
    NAMES
        .into_iter()
        .find(|name| any && names_all(name, before) && names_all(name, after))
}

/// Returns the labels of list items: names, else positions.
pub(super) fn item_labels(items: &[Json]) -> Vec<String> {
    let name = naming(items, items);
    items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            name.and_then(|name| label(item, name))
                .unwrap_or_else(|| index.to_string())
        })
        .collect()
}

fn label(item: &Json, name: &str) -> Option<String> {
    match item.get(name)? {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn lists(place: &Place, before: &[Json], after: &[Json], found: &mut Vec<PropertyDifference>) {
    if let Some(name) = naming(before, after) {
        by_name(place, name, before, after, found);
        return;
    }
    let mut gone: Vec<&Json> = before.iter().collect();
    let mut come = Vec::new();
    for item in after {
        match gone.iter().position(|other| *other == item) {
            Some(index) => {
                gone.remove(index);
            }
            None => come.push(item),
        }
    }
    if gone.is_empty() && come.is_empty() {
        order(place, before, after, found);
        return;
    }
    let in_place = before.len() == after.len() && gone.iter().chain(&come).all(|item| is_plain_map(item));
    if in_place {
        for (index, (old, new)) in before.iter().zip(after).enumerate() {
            walk(&place.item(&index.to_string()), Some(old), Some(new), found);
        }
        return;
    }
    let item = place.item("");
    found.extend(gone.into_iter().map(|old| item.difference(Some(old), None)));
    found.extend(come.into_iter().map(|new| item.difference(None, Some(new))));
}

fn is_plain_map(value: &Json) -> bool {
    value.is_object() && function(value).is_none()
}

fn by_name(place: &Place, name: &str, before: &[Json], after: &[Json], found: &mut Vec<PropertyDifference>) {
    let labels =
        |items: &[Json]| -> Vec<String> { items.iter().filter_map(|item| label(item, name)).collect() };
    let (olds, news) = (labels(before), labels(after));
    let named = |items: &'_ [Json], labels: &[String], wanted: &str| -> Option<Json> {
        let index = labels.iter().position(|label| label == wanted)?;
        items.get(index).cloned()
    };
    for label in olds.iter().filter(|label| !news.contains(label)) {
        let old = named(before, &olds, label);
        found.push(place.item(label).difference(old.as_ref(), None));
    }
    for label in &news {
        let (old, new) = (named(before, &olds, label), named(after, &news, label));
        walk(&place.item(label), old.as_ref(), new.as_ref(), found);
    }
    let common = |labels: &[String], others: &[String]| -> Vec<Json> {
        let common = labels.iter().filter(|label| others.contains(label));
        common.map(|label| Json::String(label.clone())).collect()
    };
    order(place, &common(&olds, &news), &common(&news, &olds), found);
}

/// Reports reordered items.
fn order(place: &Place, before: &[Json], after: &[Json], found: &mut Vec<PropertyDifference>) {
    if before != after {
        let (before, after) = (Json::from(before), Json::from(after));
        let mut difference = place.difference(Some(&before), Some(&after));
        difference.path.push_str(" (order)");
        found.push(difference);
    }
}
