//! A statement of a policy, and whether it grants what another one grants.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{inline, items};

/// Stands for everybody in a list of principals.
const ANYBODY: &str = "anybody";

/// One statement, with its parts as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// It allows; else it denies.
    pub(super) allows: bool,
    /// Who. One empty text in a policy that belongs to whom it allows.
    pub(super) principals: Vec<String>,
    pub(super) actions: Vec<String>,
    pub(super) resources: Vec<String>,
    /// Operator and key, with the values.
    conditions: BTreeMap<(String, String), BTreeSet<String>>,
}

/// One action on one thing by one principal.
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
            principals: or_but(
                principals(json.get("Principal")),
                &principals(json.get("NotPrincipal")),
            ),
            actions: or_but(texts(json.get("Action")), &texts(json.get("NotAction"))),
            resources: or_but(texts(json.get("Resource")), &texts(json.get("NotResource"))),
            conditions,
        }
    }

    /// All that it grants or denies, one by one.
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

    /// True if it grants, or denies, all that `other` does by `grant`.
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

    /// It holds for everything or for everybody. In the policy `of_a_thing` a `*` is that thing.
    pub(super) fn is_wild(grants: &[Grant<'_>], of_a_thing: bool) -> bool {
        grants.iter().any(|grant| {
            grant.principal == ANYBODY
                || grant.action == "*"
                || grant.action.ends_with(":*")
                || (grant.resource == "*" && !of_a_thing)
                || [grant.principal, grant.action, grant.resource]
                    .iter()
                    .any(|text| text.starts_with("everything but"))
        })
    }

    /// Under which conditions, in words, with a space in front.
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

/// True if `others` let pass no more than `values` do. An operator that negates lets less pass the more it names.
fn if_stricter(operator: &str, others: &BTreeSet<String>, values: &BTreeSet<String>) -> bool {
    if operator.contains("Not") {
        values.is_subset(others)
    } else {
        others.is_subset(values)
    }
}

/// In a sentence `${…}` says well enough that something is filled in.
fn text(value: &Json) -> String {
    let text = value.as_str().map_or_else(|| inline(value), str::to_owned);
    text.strip_prefix("!Sub ").map_or(text.clone(), str::to_owned)
}

fn texts(value: Option<&Json>) -> Vec<String> {
    items(value).into_iter().map(text).collect()
}

/// What is named; else everything but what is named; else the nothing that stands for the owner of the policy.
fn or_but(named: Vec<String>, excepted: &[String]) -> Vec<String> {
    match (named.is_empty(), excepted.is_empty()) {
        (false, _) => named,
        (true, false) => vec![format!("everything but {}", excepted.join(", "))],
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

/// True if `pattern`, in which `*` and `?` stand for others, takes in `text`, which may hold some itself.
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
    fn patterns_take_in_what_aws_says_they_do() {
        for (pattern, text, wanted) in [
            ("*", "s3:getobject", true),
            ("s3:*", "s3:get*", true),
            ("s3:get*", "s3:*", false),
            ("arn:*:log-group:/a/*", "arn:aws:logs:x:1:log-group:/a/b:*", true),
            ("role/?", "role/ab", false),
            ("role/?", "role/a", true),
            ("s3:getobject", "s3:getobjects", false),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
    }
}
