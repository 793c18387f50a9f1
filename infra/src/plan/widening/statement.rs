//! Policy statements and their comparison.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{inline, items};

/// Stands for any principal.
const ANYBODY: &str = "anybody";

/// A policy statement with its parts as strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Whether it allows; otherwise it denies.
    pub(super) allows: bool,
    /// Principals; one empty string in a policy without principals.
    pub(super) principals: Vec<String>,
    pub(super) actions: Vec<String>,
    pub(super) resources: Vec<String>,
    /// Conditions by operator and key.
    conditions: BTreeMap<(String, String), BTreeSet<String>>,
}

/// One action on one resource by one principal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant<'a> {
    pub(super) principal: &'a str,
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
}

impl Statement {
    pub(super) fn read(json: &Json) -> Self {
        let mut conditions = BTreeMap::new();
        for (operator, keys) in json
            .get("Condition")
            .and_then(Json::as_object)
            .into_iter()
            .flatten()
        {
            for (key, values) in keys.as_object().into_iter().flatten() {
                let values = items(Some(values)).into_iter().map(text).collect();
                conditions.insert((operator.clone(), key.clone()), values);
            }
        }
        Self {
            allows: json.get("Effect").and_then(Json::as_str) != Some("Deny"),
            principals: named_or_except(
                principals(json.get("Principal")),
                &principals(json.get("NotPrincipal")),
            ),
            actions: named_or_except(texts(json.get("Action")), &texts(json.get("NotAction"))),
            resources: named_or_except(texts(json.get("Resource")), &texts(json.get("NotResource"))),
            conditions,
        }
    }

    /// Returns all combinations of principal, action and resource.
    pub(super) fn grants(&self) -> impl Iterator<Item = Grant<'_>> {
        self.principals.iter().flat_map(move |principal| {
            self.actions.iter().flat_map(move |action| {
                self.resources.iter().map(move |resource| Grant {
                    principal,
                    action,
                    resource,
                })
            })
        })
    }

    /// Returns true if it covers the `grant` of `other`.
    pub(super) fn covers(&self, other: &Self, grant: &Grant<'_>) -> bool {
        self.allows == other.allows
            && self
                .principals
                .iter()
                .any(|one| one == ANYBODY || one == grant.principal)
            && self
                .actions
                .iter()
                .any(|pattern| matches(&pattern.to_lowercase(), &grant.action.to_lowercase()))
            && self
                .resources
                .iter()
                .any(|pattern| matches(pattern, grant.resource))
            && self.conditions.iter().all(|(key, values)| {
                other
                    .conditions
                    .get(key)
                    .is_some_and(|others| if_stricter(&key.0, others, values))
            })
    }

    /// Returns true if it is unlimited. In a resource policy, `*` is only the resource.
    pub(super) fn is_wild(grants: &[Grant<'_>], of_a_thing: bool) -> bool {
        grants.iter().any(|grant| {
            grant.principal == ANYBODY
                || grant.action == "*"
                || grant.action.ends_with(":*")
                || (grant.resource == "*" && !of_a_thing)
                || [grant.principal, grant.action, grant.resource]
                    .iter()
                    .any(|text| text.starts_with("all except"))
        })
    }

    /// Returns the conditions as text with a leading space.
    pub(super) fn if_any(&self) -> String {
        let conditions: Vec<_> = self
            .conditions
            .iter()
            .map(|((operator, key), values)| {
                let values: Vec<_> = values.iter().map(String::as_str).collect();
                format!("{key} {operator} {}", values.join(" or "))
            })
            .collect();
        if conditions.is_empty() {
            String::new()
        } else {
            format!(" if {}", conditions.join(" and "))
        }
    }
}

/// Returns true if `others` allow no more than `values`. For negated operators, more values allow less.
fn if_stricter(operator: &str, others: &BTreeSet<String>, values: &BTreeSet<String>) -> bool {
    if operator.contains("Not") {
        values.is_subset(others)
    } else {
        others.is_subset(values)
    }
}

/// Formats a string; `${…}` placeholders remain.
fn text(value: &Json) -> String {
    let text = value.as_str().map_or_else(|| inline(value), str::to_owned);
    text.strip_prefix("!Sub ").map_or(text.clone(), str::to_owned)
}

fn texts(value: Option<&Json>) -> Vec<String> {
    items(value).into_iter().map(text).collect()
}

/// Returns the named values, else "all except" the excepted ones, else the empty string for the policy's owner.
fn named_or_except(named: Vec<String>, excepted: &[String]) -> Vec<String> {
    match (named.is_empty(), excepted.is_empty()) {
        (false, _) => named,
        (true, false) => vec![format!("all except {}", excepted.join(", "))],
        (true, true) => vec![String::new()],
    }
}

fn principals(value: Option<&Json>) -> Vec<String> {
    let Some(Json::Object(kinds)) = value else {
        return texts(value).into_iter().map(anybody).collect();
    };
    kinds
        .values()
        .flat_map(|names| texts(Some(names)))
        .map(anybody)
        .collect()
}

fn anybody(name: String) -> String {
    if name == "*" { ANYBODY.to_owned() } else { name }
}

/// Returns true if the wildcard `pattern` includes all strings that match `text`, itself possibly a pattern.
fn matches(pattern: &str, text: &str) -> bool {
    if pattern == text {
        return true;
    }
    let Some((before, after)) = pattern.split_once(['*', '?']) else {
        return false;
    };
    let Some(rest) = text.strip_prefix(before) else {
        return false;
    };
    if pattern
        .get(before.len()..)
        .is_some_and(|from| from.starts_with('?'))
    {
        let mut letters = rest.chars();
        return letters.next().is_some() && matches(after, letters.as_str());
    }
    rest.char_indices()
        .map(|(index, _)| index)
        .chain([rest.len()])
        .any(|index| rest.get(index..).is_some_and(|rest| matches(after, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_like_iam() {
        for (pattern, text, expected) in [
            ("*", "s3:getobject", true),
            ("s3:*", "s3:get*", true),
            ("s3:get*", "s3:*", false),
            ("arn:*:log-group:/a/*", "arn:aws:logs:x:1:log-group:/a/b:*", true),
            ("role/?", "role/ab", false),
            ("role/?", "role/a", true),
            ("s3:getobject", "s3:getobjects", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
