//! What a template changes, against one that is there already: resource by resource and property by property.
//!
//! A plain function from two templates to their difference, without AWS: [`compare`] serves `infra diff --against`, the
//! comparison with what is deployed, and the table of what a deployment opens up. It reads any CloudFormation template
//! in JSON, not only ours. What only CloudFormation can know (the value behind a reference, a default that was spelled
//! out) it calls "may". A change set outranks it: that one is what is executed.

mod broadening;
pub mod changes;
mod loss;
mod properties;
mod replacement;
mod show;
mod values;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value as Json};

pub use broadening::{Area, Broadening, broadening};
pub use loss::loss;
pub use properties::PropertyDifference;
pub use replacement::{FACTS_DATE, Replaces};
pub use show::{broadening_lines, lines};
pub use values::inline;

use changes::Action;

/// How two templates differ.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    /// The resources that change; what destroys comes last.
    pub resources: Vec<ResourceDifference>,
    /// What else differs: parameters, outputs, conditions, the description.
    pub others: Vec<PropertyDifference>,
    /// What is open afterwards and was not before.
    pub broadening: Vec<Broadening>,
}

/// How a resource differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResourceDifference {
    /// What happens to it.
    pub action: Action,
    /// Its logical id.
    pub resource: String,
    /// Its type, as `AWS::ECS::Service`.
    pub kind: String,
    /// What differs in it. Empty for what is added or deleted as a whole.
    pub properties: Vec<PropertyDifference>,
    /// What is lost by it, in words.
    pub loss: Option<String>,
    /// What to know about it besides.
    pub note: Option<String>,
}

impl Difference {
    /// Nothing differs.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.others.is_empty()
    }

    /// One line: how many resources of each kind.
    pub fn summary(&self) -> String {
        show::changes(&self.resources).summary()
    }
}

/// What `new` changes, where `old` is there. An empty `old` (`null` or `{}`) is a stack that does not exist.
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
        broadening: broadening(old, new),
    }
}

/// The resources of a template, by logical id.
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

/// The resource itself outlives its removal from the stack.
fn stays(resource: &Json, policy: &str) -> bool {
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
    let kept = stays(resource, "DeletionPolicy");
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

/// Parameters whose default differs: who refers to them gets another value.
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

/// All sections but the resources.
fn others(old: &Json, new: &Json) -> Vec<PropertyDifference> {
    let rest = |template: &Json| -> Json {
        let sections = template.as_object().into_iter().flatten();
        let rest: Map<String, Json> = sections
            .filter(|(section, _)| section.as_str() != "Resources")
            .map(|(section, content)| (section.clone(), content.clone()))
            .collect();
        Json::Object(rest)
    };
    // A stack that does not exist has no parameters to lose or gain either.
    if resources(old).is_empty() {
        return Vec::new();
    }
    properties::differences(&rest(old), &rest(new))
}

#[cfg(test)]
mod tests;
