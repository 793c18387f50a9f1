//! IAM policy documents.

use serde::ser::{Serialize, SerializeMap as _, SerializeStruct as _, Serializer};
use serde_json::json;

use super::value::{Arn, Text, Value};

/// A policy of a role, key, bucket or topic.
#[derive(Clone, Debug)]
pub struct PolicyDocument {
    statements: Vec<Statement>,
}

impl PolicyDocument {
    /// Creates a policy of these statements.
    pub fn new(statements: impl IntoIterator<Item = Statement>) -> Self {
        Self {
            statements: statements.into_iter().collect(),
        }
    }
}

impl Serialize for PolicyDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("PolicyDocument", 2)?;
        document.serialize_field("Version", "2012-10-17")?;
        document.serialize_field("Statement", &self.statements)?;
        document.end()
    }
}

/// Effect of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Effect {
    /// Allows the actions.
    Allow,
    /// Denies the actions; takes precedence over allows.
    Deny,
}

/// A statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement {
    sid: Option<&'static str>,
    effect: Effect,
    principal: Option<Principal>,
    actions: Vec<String>,
    resources: Vec<Value<Text>>,
    conditions: Vec<Condition>,
}

impl Statement {
    /// Allows these actions, for example `s3:GetObject`.
    pub fn allow<'a>(actions: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Effect::Allow, actions)
    }

    /// Denies these actions.
    pub fn deny<'a>(actions: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Effect::Deny, actions)
    }

    fn new<'a>(effect: Effect, actions: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            sid: None,
            effect,
            principal: None,
            actions: actions.into_iter().map(str::to_owned).collect(),
            resources: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// Lets a service assume the role, only for resources of this account that match `source`
    /// (prevents the confused deputy problem).
    pub fn trust(service: &'static str, source: &Value<Arn>) -> Self {
        Self::allow(["sts:AssumeRole"])
            .to(Principal::Service(service))
            .when(Condition::equals("aws:SourceAccount", super::account()))
            .when(Condition::arn_like("aws:SourceArn", source.text()))
    }

    /// Sets the statement ID.
    #[must_use]
    pub fn named(mut self, sid: &'static str) -> Self {
        self.sid = Some(sid);
        self
    }

    /// Sets the principal, for resource and trust policies.
    #[must_use]
    pub fn to(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Sets the resources.
    #[must_use]
    pub fn on<T>(mut self, resources: impl IntoIterator<Item = Value<T>>) -> Self {
        self.resources
            .extend(resources.into_iter().map(|resource| resource.text()));
        self
    }

    /// Applies to all resources: for actions without resource-level permissions, and for key policies, where `*` is the
    /// key. List the actions one by one; no policy may have wildcards in both.
    #[must_use]
    pub fn on_any(mut self) -> Self {
        self.resources.push("*".into());
        self
    }

    /// Adds a condition; all conditions must hold.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }
}

impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(sid) = self.sid {
            map.serialize_entry("Sid", sid)?;
        }
        map.serialize_entry("Effect", &self.effect)?;
        if let Some(principal) = &self.principal {
            map.serialize_entry("Principal", principal)?;
        }
        match self.actions.as_slice() {
            [one] => map.serialize_entry("Action", one)?,
            several => map.serialize_entry("Action", several)?,
        }
        match self.resources.as_slice() {
            [] => {}
            [one] => map.serialize_entry("Resource", one)?,
            several => map.serialize_entry("Resource", several)?,
        }
        if !self.conditions.is_empty() {
            let mut conditions = serde_json::Map::new();
            for Condition {
                operator,
                key,
                values,
            } in &self.conditions
            {
                let value = match values.as_slice() {
                    [one] => json!(one),
                    several => json!(several),
                };
                conditions
                    .entry(*operator)
                    .or_insert_with(|| json!({}))
                    .as_object_mut()
                    .map(|keys| keys.insert((*key).to_owned(), value));
            }
            map.serialize_entry("Condition", &conditions)?;
        }
        map.end()
    }
}

/// Principal of a statement.
#[derive(Clone, Debug)]
pub enum Principal {
    /// An AWS service, for example `ecs-tasks.amazonaws.com`.
    Service(&'static str),
    /// An AWS service with a regional name.
    RegionalService(Value<Text>),
    /// The account: its IAM policies decide.
    Account,
    /// Any principal; only used to deny.
    Everybody,
}

impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Service(name) => json!({ "Service": name }),
            Self::RegionalService(name) => json!({ "Service": name }),
            Self::Account => {
                let root: Value<Arn> = super::text([
                    "arn:".into(),
                    super::partition(),
                    ":iam::".into(),
                    super::account(),
                    ":root".into(),
                ]);
                json!({ "AWS": root })
            }
            Self::Everybody => json!("*"),
        }
        .serialize(serializer)
    }
}

/// A condition of a statement.
#[derive(Clone, Debug)]
pub struct Condition {
    operator: &'static str,
    key: &'static str,
    values: Vec<Value<Text>>,
}

impl Condition {
    /// Requires `key` to equal the value.
    pub fn equals<T>(key: &'static str, value: Value<T>) -> Self {
        Self::new("StringEquals", key, [value])
    }

    /// Requires `key` to equal one of the values.
    pub fn is_one_of<T>(key: &'static str, values: impl IntoIterator<Item = Value<T>>) -> Self {
        Self::new("StringEquals", key, values)
    }

    /// Like [`Self::equals`], but passes if the request has no `key`.
    pub fn equals_if_exists<T>(key: &'static str, value: Value<T>) -> Self {
        Self::new("StringEqualsIfExists", key, [value])
    }

    /// Requires `key` to be an ARN that matches the pattern.
    pub fn arn_like<T>(key: &'static str, pattern: Value<T>) -> Self {
        Self::new("ArnLike", key, [pattern])
    }

    /// Like [`Self::arn_like`], for any string.
    pub fn like<T>(key: &'static str, pattern: Value<T>) -> Self {
        Self::new("StringLike", key, [pattern])
    }

    /// Requires every value of the multivalued `key` to be one of the values.
    pub fn all_equal<T>(key: &'static str, values: impl IntoIterator<Item = Value<T>>) -> Self {
        Self::new("ForAllValues:StringEquals", key, values)
    }

    /// Requires every value of the multivalued `key` to match the pattern.
    pub fn all_like<T>(key: &'static str, pattern: Value<T>) -> Self {
        Self::new("ForAllValues:StringLike", key, [pattern])
    }

    /// Requires no value of the multivalued `key` to match one of the patterns.
    pub fn none_like<T>(key: &'static str, patterns: impl IntoIterator<Item = Value<T>>) -> Self {
        Self::new("ForAllValues:StringNotLike", key, patterns)
    }

    /// Requires `key` to be this boolean.
    pub fn is(key: &'static str, value: bool) -> Self {
        Self::new("Bool", key, [Value::<Text>::from(value.to_string())])
    }

    /// Like [`Self::is`], but passes if the request has no `key`.
    pub fn is_if_exists(key: &'static str, value: bool) -> Self {
        Self::new("BoolIfExists", key, [Value::<Text>::from(value.to_string())])
    }

    fn new<T>(operator: &'static str, key: &'static str, values: impl IntoIterator<Item = Value<T>>) -> Self {
        Self {
            operator,
            key,
            values: values.into_iter().map(|value| value.text()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_of_one_operator_are_grouped() {
        let statement = Statement::trust("codebuild.amazonaws.com", &"arn:x".into());
        insta::assert_snapshot!(serde_json::to_string(&statement).unwrap(), @r#"{"Effect":"Allow","Principal":{"Service":"codebuild.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:SourceArn":"arn:x"},"StringEquals":{"aws:SourceAccount":{"Ref":"AWS::AccountId"}}}}"#);
    }
}
