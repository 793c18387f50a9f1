//! References to missing resources and parameters.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Defect;

/// Returns every dangling reference in `template`.
pub(super) fn references(template: &Json) -> Vec<Defect> {
    let names = |section: &str| {
        template[section]
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys().map(String::as_str))
            .collect::<BTreeSet<_>>()
    };
    let known: BTreeSet<&str> = names("Resources").union(&names("Parameters")).copied().collect();
    let mut defects = Vec::new();
    for section in ["Resources", "Outputs"] {
        for (name, entry) in template[section].as_object().into_iter().flatten() {
            let mut found = mentions(entry);
            if let Json::Array(others) = &entry["DependsOn"] {
                found.extend(others.iter().filter_map(Json::as_str).map(str::to_owned));
            }
            defects.extend(
                found
                    .into_iter()
                    .filter(|to| !to.starts_with("AWS::") && !known.contains(to.as_str()))
                    .map(|to| Defect::Dangling { at: name.clone(), to }),
            );
        }
    }
    defects
}

/// Returns the logical IDs and parameters that a value references, including pseudo parameters.
pub fn mentions(json: &Json) -> Vec<String> {
    let mut found = Vec::new();
    walk(json, &mut found);
    found
}

fn walk(json: &Json, found: &mut Vec<String>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| walk(item, found)),
        Json::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("Ref", Json::String(id)) => found.push(id.clone()),
                    ("Fn::GetAtt", Json::Array(parts)) => {
                        found.extend(parts.first().and_then(Json::as_str).map(str::to_owned));
                    }
                    ("Fn::Sub", Json::String(text)) => found.extend(in_sub(text)),
                    _ => walk(value, found),
                }
            }
        }
        _ => {}
    }
}

/// Returns the logical IDs in a string of `Fn::Sub`.
fn in_sub(text: &str) -> impl Iterator<Item = String> {
    text.split("${")
        .skip(1)
        .filter(|rest| !rest.starts_with('!'))
        .filter_map(|rest| rest.split_once('}'))
        .map(|(inside, _)| inside.split('.').next().unwrap_or_default().to_owned())
}
