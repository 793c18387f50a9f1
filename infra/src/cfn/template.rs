//! Template builder and finished template: parameters, resources, outputs, JSON.

mod check;

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

pub use check::mentions;

use super::value::Value;

/// CloudFormation's limit for an inline template in bytes; a larger one would need a bucket.
pub const INLINE_LIMIT: usize = 51_200;

/// A CloudFormation resource type with the properties that we set.
pub trait Resource: Serialize {
    /// Type name, for example `AWS::EC2::VPC`.
    const TYPE: &'static str;
    /// Form of its tags.
    const TAGGING: Tagging;
}

/// Form of the tags of a resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagging {
    /// `Tags` is a list of keys and values.
    List,
    /// Like [`Self::List`], plus the tag `Name` for the console, for types without a name.
    NamedList,
    /// `Tags` is an object.
    Map,
    /// No tags.
    None,
}

/// Refers to a resource of type `R` in a template.
#[derive(Debug)]
pub struct Handle<R> {
    logical_id: String,
    kind: PhantomData<fn() -> R>,
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Self {
            logical_id: self.logical_id.clone(),
            kind: PhantomData,
        }
    }
}

impl<R> Handle<R> {
    /// Returns the logical ID.
    pub fn logical_id(&self) -> &str {
        &self.logical_id
    }

    /// Returns `Ref`; private to service files, since its meaning depends on the type.
    pub(super) fn reference<T>(&self) -> Value<T> {
        Value::reference(&self.logical_id)
    }

    /// Returns `Fn::GetAtt`; private to service files, which know the attributes of their types.
    pub(super) fn attribute<T>(&self, attribute: &'static str) -> Value<T> {
        Value::attribute(&self.logical_id, attribute)
    }
}

/// What happens to a resource when it is replaced or removed from the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// It is deleted.
    Delete,
    /// It is retained, except when the first creation of the stack fails.
    Keep,
}

/// Attributes of a resource besides its properties.
#[derive(Clone, Debug, Default)]
pub struct With {
    depends_on: BTreeSet<String>,
    keep: bool,
    exceptions: Vec<(&'static str, &'static str)>,
}

impl With {
    /// Adds a dependency that no property expresses.
    #[must_use]
    pub fn after<R>(mut self, other: &Handle<R>) -> Self {
        self.depends_on.insert(other.logical_id.clone());
        self
    }

    /// Sets the retention.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.keep = retention == Retention::Keep;
        self
    }

    /// Exempts the resource from a checkov check, for example `CKV_AWS_18`, with the reason.
    #[must_use]
    pub fn except(mut self, check: &'static str, why: &'static str) -> Self {
        self.exceptions.push((check, why));
        self
    }
}

/// A template parameter.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parameter {
    r#type: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    constraint_description: Option<String>,
}

impl Parameter {
    /// A required string that must match `pattern`; `constraint` describes it.
    pub fn required(description: &str, pattern: &str, constraint: &str) -> Self {
        Self {
            r#type: "String".to_owned(),
            description: description.to_owned(),
            default: None,
            allowed_pattern: Some(pattern.to_owned()),
            constraint_description: Some(constraint.to_owned()),
        }
    }

    /// The value of an SSM parameter at deployment. `kind` is its CloudFormation type, for example `String` or
    /// `AWS::EC2::VPC::Id`.
    pub fn from_ssm(description: &str, kind: &str, ssm_parameter: &str) -> Self {
        Self {
            r#type: format!("AWS::SSM::Parameter::Value<{kind}>"),
            description: description.to_owned(),
            default: Some(ssm_parameter.to_owned()),
            allowed_pattern: None,
            constraint_description: None,
        }
    }
}

/// Builds a template.
#[derive(Debug)]
pub struct TemplateBuilder {
    description: String,
    tags: BTreeMap<String, String>,
    parameters: BTreeMap<String, Json>,
    resources: BTreeMap<String, Json>,
    outputs: BTreeMap<String, Json>,
    defects: Vec<Defect>,
}

impl TemplateBuilder {
    /// Creates an empty template whose resources get `tags`, where their type supports tags.
    pub fn new(description: impl Into<String>, tags: BTreeMap<String, String>) -> Self {
        Self {
            description: description.into(),
            tags,
            parameters: BTreeMap::new(),
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
            defects: Vec::new(),
        }
    }

    /// Adds a parameter and returns its value.
    pub fn parameter<T>(&mut self, name: &str, parameter: &Parameter) -> Value<T> {
        let json = self.written(name, parameter);
        self.insert(name, |builder| &mut builder.parameters, json);
        Value::reference(name)
    }

    /// Adds a resource.
    pub fn add<R: Resource>(&mut self, logical_id: impl Into<String>, resource: &R) -> Handle<R> {
        self.add_with(logical_id, resource, With::default())
    }

    /// Adds a resource with further attributes.
    pub fn add_with<R: Resource>(
        &mut self,
        logical_id: impl Into<String>,
        resource: &R,
        with: With,
    ) -> Handle<R> {
        let With {
            depends_on,
            keep,
            exceptions,
        } = with;
        let logical_id = logical_id.into();
        let mut properties = self.written(&logical_id, resource);
        if let Json::Object(properties) = &mut properties {
            self.tag(&logical_id, R::TAGGING, properties);
        }
        let mut entry = Map::new();
        entry.insert("Type".to_owned(), json!(R::TYPE));
        entry.insert("Properties".to_owned(), properties);
        if !depends_on.is_empty() {
            entry.insert("DependsOn".to_owned(), depends_on.into_iter().collect());
        }
        if keep {
            entry.insert("DeletionPolicy".to_owned(), json!("RetainExceptOnCreate"));
            entry.insert("UpdateReplacePolicy".to_owned(), json!("Retain"));
        }
        if !exceptions.is_empty() {
            let skip: Vec<_> = exceptions
                .into_iter()
                .map(|(id, why)| json!({ "id": id, "comment": why }))
                .collect();
            entry.insert("Metadata".to_owned(), json!({ "checkov": { "skip": skip } }));
        }
        self.insert(&logical_id, |builder| &mut builder.resources, Json::Object(entry));
        Handle {
            logical_id,
            kind: PhantomData,
        }
    }

    /// Adds an output, without export: an export in use cannot be changed.
    pub fn output<T>(&mut self, name: &str, description: &str, value: &Value<T>) {
        let json = json!({ "Description": description, "Value": self.written(name, value) });
        self.insert(name, |builder| &mut builder.outputs, json);
    }

    /// Returns the finished template.
    ///
    /// # Errors
    /// Returns everything that CloudFormation's validation would reject: duplicate names, references to missing
    /// resources, a template above the size limit.
    pub fn finish(mut self) -> Result<Template, Vec<Defect>> {
        let mut json = json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": self.description,
            "Resources": self.resources,
        });
        for (section, content) in [("Parameters", &self.parameters), ("Outputs", &self.outputs)] {
            if !content.is_empty() {
                json[section] = json!(content);
            }
        }
        // Sorted explicitly, since another crate may enable serde_json's `preserve_order` feature.
        json.sort_all_objects();
        let text = format!("{json:#}\n");
        // White space counts towards the limit and is a third of the text.
        let body = json.to_string();
        self.defects.extend(check::references(&json));
        if body.len() > INLINE_LIMIT {
            self.defects.push(Defect::TooLong(body.len()));
        }
        if self.defects.is_empty() {
            Ok(Template { json, text, body })
        } else {
            Err(self.defects)
        }
    }

    fn written(&mut self, name: &str, value: &impl Serialize) -> Json {
        serde_json::to_value(value).unwrap_or_else(|error| {
            self.defects.push(Defect::Unwritable {
                name: name.to_owned(),
                reason: error.to_string(),
            });
            Json::Null
        })
    }

    fn insert(&mut self, name: &str, section: fn(&mut Self) -> &mut BTreeMap<String, Json>, json: Json) {
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) || name.is_empty() {
            self.defects.push(Defect::BadName(name.to_owned()));
        }
        if section(self).insert(name.to_owned(), json).is_some() {
            self.defects.push(Defect::Twice(name.to_owned()));
        }
    }

    fn tag(&self, logical_id: &str, tagging: Tagging, properties: &mut Map<String, Json>) {
        let pairs = |tags: &BTreeMap<String, String>| -> Vec<Json> {
            tags.iter()
                .map(|(key, value)| json!({ "Key": key, "Value": value }))
                .collect()
        };
        let tags = match tagging {
            Tagging::None => return,
            Tagging::Map => json!(self.tags),
            Tagging::List => json!(pairs(&self.tags)),
            Tagging::NamedList => {
                let mut list = pairs(&self.tags);
                // Starts with the stack name, to distinguish the clusters in the console.
                let name = json!({ "Fn::Sub": format!("${{AWS::StackName}}/{logical_id}") });
                list.insert(0, json!({ "Key": "Name", "Value": name }));
                json!(list)
            }
        };
        properties.insert("Tags".to_owned(), tags);
    }
}

/// A complete template.
#[derive(Clone, Debug)]
pub struct Template {
    json: Json,
    text: String,
    body: String,
}

impl Template {
    /// Returns the template as sent: compact JSON with sorted keys.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Returns the template as indented JSON.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the template as a JSON value.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// Returns logical ID, type and properties of each resource in alphabetical order.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &str, &Json)> {
        self.section("Resources").map(|(id, resource)| {
            (
                id.as_str(),
                resource["Type"].as_str().unwrap_or_default(),
                &resource["Properties"],
            )
        })
    }

    /// Returns the names of the parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.section("Parameters").map(|(name, _)| name.as_str())
    }

    /// Returns true if CloudFormation requires `CAPABILITY_IAM`.
    pub fn needs_iam_capability(&self) -> bool {
        self.resources()
            .any(|(_, resource_type, _)| resource_type.starts_with("AWS::IAM::"))
    }

    fn section(&self, name: &str) -> impl Iterator<Item = (&String, &Json)> {
        self.json[name].as_object().into_iter().flatten()
    }
}

/// Why a template cannot be finished. All defects but the size are bugs in the code that builds it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// CloudFormation accepts letters and digits only.
    #[error(
        "`{0}` is not a valid name of a parameter, resource or output: only letters and digits are allowed"
    )]
    BadName(String),
    /// Two entries have the same name.
    #[error("duplicate name `{0}`")]
    Twice(String),
    /// A reference to a missing resource or parameter.
    #[error("`{at}` refers to `{to}`, which is not in the template")]
    Dangling {
        /// The referring entry.
        at: String,
        /// The missing target.
        to: String,
    },
    /// Properties that JSON cannot hold.
    #[error("`{name}` cannot be serialized to JSON: {reason}")]
    Unwritable {
        /// The entry.
        name: String,
        /// The error of serde.
        reason: String,
    },
    /// Above the limit of an inline template.
    #[error("the template has {0} bytes; the limit of CloudFormation is {INLINE_LIMIT}")]
    TooLong(usize),
}

#[cfg(test)]
mod tests;
