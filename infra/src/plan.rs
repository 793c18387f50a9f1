//! Comparison of two templates, by resource and property.
//!
//! [`compare`] is a pure function for any CloudFormation template in JSON. It serves `infra diff` and the table of wider
//! access of a deployment. What only CloudFormation can know (values of references, defaults) is reported as "may".
//! The change set is authoritative.

pub mod changes;
mod loss;
mod properties;
mod replacement;
mod show;
mod values;
mod widening;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value as Json};

pub use loss::loss;
pub use properties::{PropertyDifference, Replaces};
pub use replacement::SCHEMA_DATE;
pub use show::{lines, widening_lines};
pub use values::inline;
pub use widening::{Area, Widening, widening};

use changes::Action;

/// The difference between two templates.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    /// Changed resources, destructive changes last.
    pub resources: Vec<ResourceDifference>,
    /// Changed parameters, outputs, conditions and description.
    pub others: Vec<PropertyDifference>,
    /// Access that becomes possible.
    pub widening: Vec<Widening>,
}

/// The difference of a resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResourceDifference {
    /// What happens to the resource.
    pub action: Action,
    /// Logical ID.
    pub resource: String,
    /// Type, for example `AWS::ECS::Service`.
    pub kind: String,
    /// Changed properties; empty for added and deleted resources.
    pub properties: Vec<PropertyDifference>,
    /// The data that is lost, as a sentence.
    pub loss: Option<String>,
    /// A remark.
    pub note: Option<String>,
}

impl Difference {
    /// Returns true if the templates are equal.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.others.is_empty()
    }

    /// Returns the number of resources per action, in one line.
    pub fn summary(&self) -> String {
        show::changes(&self.resources).summary()
    }
}

/// Compares two templates. An empty `old` (`null` or `{}`) means that the stack does not exist.
pub fn compare(old: &Json, new: &Json) -> Difference {
    let (olds, news) = (resources(old), resources(new));
    let mut differences = Vec::new();
    for (&id, &resource) in &olds {
        if !news.contains_key(id) {
            differences.push(deleted(id, resource));
        }
    }
    let mut kept = BTreeMap::new();
    for (&id, &resource) in &news {
        match olds.get(id) {
            None => differences.push(added(id, resource)),
            Some(before) => {
                kept.insert(id, replacement::Kept::new(before, resource));
            }
        }
    }
    replacement::follow(&mut kept, &changed_parameters(old, new));
    differences.extend(kept.into_iter().filter_map(|(id, kept)| kept.finish(id)));
    differences.sort_by(|a, b| {
        (a.action.weight(), &a.kind, &a.resource).cmp(&(b.action.weight(), &b.kind, &b.resource))
    });
    Difference {
        resources: differences,
        others: others(old, new),
        widening: widening(old, new),
    }
}

/// Returns the resources of a template by logical ID.
fn resources(template: &Json) -> BTreeMap<&str, &Json> {
    entries(template, "Resources").collect()
}

fn entries<'a>(template: &'a Json, section: &str) -> impl Iterator<Item = (&'a str, &'a Json)> {
    template
        .get(section)
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .map(|(id, entry)| (id.as_str(), entry))
}

fn kind(resource: &Json) -> &str {
    resource.get("Type").and_then(Json::as_str).unwrap_or_default()
}

/// Returns true if the policy retains the resource.
fn is_retained(resource: &Json, policy: &str) -> bool {
    let policy = resource.get(policy).and_then(Json::as_str);
    matches!(policy, Some("Retain" | "RetainExceptOnCreate"))
}

fn added(id: &str, resource: &Json) -> ResourceDifference {
    ResourceDifference {
        action: Action::Add,
        resource: id.to_owned(),
        kind: kind(resource).to_owned(),
        properties: Vec::new(),
        loss: None,
        note: None,
    }
}

fn deleted(id: &str, resource: &Json) -> ResourceDifference {
    let kept = is_retained(resource, "DeletionPolicy");
    let kind = kind(resource);
    ResourceDifference {
        action: Action::Delete { kept },
        resource: id.to_owned(),
        kind: kind.to_owned(),
        properties: Vec::new(),
        loss: if kept { None } else { loss(id, kind) },
        note: None,
    }
}

/// Returns the parameters whose defaults differ, which changes everything that references them.
fn changed_parameters(old: &Json, new: &Json) -> Vec<String> {
    entries(new, "Parameters")
        .filter(|(name, parameter)| {
            entries(old, "Parameters")
                .find(|(other, _)| other == name)
                .is_some_and(|(_, before)| before.get("Default") != parameter.get("Default"))
        })
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Compares all sections except the resources.
fn others(old: &Json, new: &Json) -> Vec<PropertyDifference> {
    let rest = |template: &Json| -> Json {
        let sections = template.as_object().into_iter().flatten();
        let rest: Map<String, Json> = sections
            .filter(|(section, _)| section.as_str() != "Resources")
            .map(|(section, content)| (section.clone(), content.clone()))
            .collect();
        Json::Object(rest)
    };
    // Without an old template, parameters are not changes.
    if resources(old).is_empty() {
        return Vec::new();
    }
    properties::differences(&rest(old), &rest(new))
}

#[cfg(test)]
mod tests;
