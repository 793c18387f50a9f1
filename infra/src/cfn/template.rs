//! A template: parameters, resources, outputs, and the text that CloudFormation gets.

mod check;

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

pub use check::mentions;

use super::value::Value;

/// Bytes that CloudFormation takes with a request; a longer template would need a bucket.
pub const INLINE_LIMIT: usize = 51_200;

/// A resource type of CloudFormation, with the properties that we set.
pub trait Resource: Serialize {
    /// Like `AWS::EC2::VPC`.
    const TYPE: &'static str;
    /// How it takes tags.
    const TAGGING: Tagging;
}

/// How a resource type takes tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagging {
    /// `Tags` is a list of keys and values.
    List,
    /// As [`Self::List`], and the console shows the tag `Name`, since there is no other name.
    NamedList,
    /// `Tags` is an object.
    Map,
    /// It has no tags.
    None,
}

/// Stands for a resource of type `R` that is in a template.
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
    /// The name that it has in the template.
    pub fn logical_id(&self) -> &str {
        &self.logical_id
    }

    /// For the files of the services: what `Ref` means differs from type to type.
    pub(super) fn reference<T>(&self) -> Value<T> {
        Value::reference(&self.logical_id)
    }

    /// For the files of the services, which know the attributes of their types.
    pub(super) fn attribute<T>(&self, attribute: &'static str) -> Value<T> {
        Value::attribute(&self.logical_id, attribute)
    }
}

/// What becomes of a resource that leaves the stack or is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// It goes with the stack.
    Delete,
    /// It stays, since it holds what cannot be made again; a first creation that fails leaves nothing.
    Keep,
}

/// What a resource has besides its properties.
#[derive(Clone, Debug, Default)]
pub struct With {
    depends_on: BTreeSet<String>,
    keep: bool,
    exceptions: Vec<(&'static str, &'static str)>,
}

impl With {
    /// Creates the resource after another that no property of it mentions.
    #[must_use]
    pub fn after<R>(mut self, other: &Handle<R>) -> Self {
        self.depends_on.insert(other.logical_id.clone());
        self
    }

    /// Says what becomes of it when the stack goes.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.keep = retention == Retention::Keep;
        self
    }

    /// Excepts the resource from a check of checkov, like `CKV_AWS_18`, and says why.
    #[must_use]
    pub fn except(mut self, check: &'static str, why: &'static str) -> Self {
        self.exceptions.push((check, why));
        self
    }
}

/// A value that is given when the stack is deployed.
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
    /// A text that must be given and must match `pattern`, which `constraint` explains.
    pub fn required(description: &str, pattern: &str, constraint: &str) -> Self {
        Self {
            r#type: "String".to_owned(),
            description: description.to_owned(),
            default: None,
            allowed_pattern: Some(pattern.to_owned()),
            constraint_description: Some(constraint.to_owned()),
        }
    }

    /// The value that an SSM parameter has when the stack is deployed. `kind` is its CloudFormation type, like
    /// `String` or `AWS::EC2::VPC::Id`.
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

/// A template in the making.
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
    /// An empty template whose resources get `tags`, where their type has any.
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

    /// Adds a resource that has more than its properties.
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

    /// Adds an output. None of them is exported: exports cannot be deleted while they are in use.
    pub fn output<T>(&mut self, name: &str, description: &str, value: &Value<T>) {
        let json = json!({ "Description": description, "Value": self.written(name, value) });
        self.insert(name, |builder| &mut builder.outputs, json);
    }

    /// The finished template.
    ///
    /// # Errors
    /// Everything that would make CloudFormation refuse the text before it looks at any resource: names used
    /// twice, references to what is not in the template, too many bytes.
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
        // Some other crate of the build may have switched serde_json to the order of insertion.
        json.sort_all_objects();
        let body = format!("{json:#}\n");
        self.defects.extend(check::references(&json));
        if body.len() > INLINE_LIMIT {
            self.defects.push(Defect::TooLong(body.len()));
        }
        if self.defects.is_empty() {
            Ok(Template { json, body })
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
                // With the stack's name in front, so that two clusters' subnets can be told apart.
                let name = json!({ "Fn::Sub": format!("${{AWS::StackName}}/{logical_id}") });
                list.insert(0, json!({ "Key": "Name", "Value": name }));
                json!(list)
            }
        };
        properties.insert("Tags".to_owned(), tags);
    }
}

/// A template that is complete in itself.
#[derive(Clone, Debug)]
pub struct Template {
    json: Json,
    body: String,
}

impl Template {
    /// The text, byte by byte as it is sent: JSON, two spaces of indentation, keys in alphabetical order.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The same as a tree.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// Each resource's logical id, type and properties, in alphabetical order.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &str, &Json)> {
        self.section("Resources").map(|(id, resource)| {
            (
                id.as_str(),
                resource["Type"].as_str().unwrap_or_default(),
                &resource["Properties"],
            )
        })
    }

    /// Names of the parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.section("Parameters").map(|(name, _)| name.as_str())
    }

    /// True if CloudFormation wants `CAPABILITY_IAM` for it: some resource gives rights away.
    pub fn needs_iam_capability(&self) -> bool {
        self.resources()
            .any(|(_, resource_type, _)| resource_type.starts_with("AWS::IAM::"))
    }

    fn section(&self, name: &str) -> impl Iterator<Item = (&String, &Json)> {
        self.json[name].as_object().into_iter().flatten()
    }
}

/// Why a template cannot be finished. All of them are mistakes in the code that builds it, save the length, which
/// the settings can bring about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// CloudFormation takes letters and digits.
    #[error("`{0}` cannot be the name of a parameter, resource or output: only letters and digits can")]
    BadName(String),
    /// Two entries have the same name.
    #[error("`{0}` is there twice")]
    Twice(String),
    /// A reference to nothing.
    #[error("`{at}` refers to `{to}`, which is not in the template")]
    Dangling {
        /// Who refers.
        at: String,
        /// To what.
        to: String,
    },
    /// Properties that JSON cannot hold.
    #[error("`{name}` cannot be written as JSON: {reason}")]
    Unwritable {
        /// Whose properties.
        name: String,
        /// What serde said.
        reason: String,
    },
    /// More bytes than a request takes.
    #[error("the template has {0} bytes, and CloudFormation takes {INLINE_LIMIT}")]
    TooLong(usize),
}

#[cfg(test)]
mod tests;
