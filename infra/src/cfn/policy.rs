//! Policies: who may do what to which resources, under which conditions.

use serde::ser::{Serialize, SerializeMap as _, SerializeStruct as _, Serializer};
use serde_json::json;

use super::value::{Arn, Text, Value};

/// A policy of a role, a key, a bucket or a topic.
#[derive(Clone, Debug)]
pub struct PolicyDocument {
    statements: Vec<Statement>,
}

impl PolicyDocument {
    /// A policy of these statements.
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

/// Whether a statement gives or takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Effect {
    /// May.
    Allow,
    /// Must not, whatever else allows it.
    Deny,
}

/// One sentence of a policy.
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
    /// Allows these actions, like `s3:GetObject`.
    pub fn allow<'a>(actions: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Effect::Allow, actions)
    }

    /// Forbids these actions.
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

    /// A service may take the role, for resources of this account alone that match `source`: another account's
    /// resources must not make the service act here.
    pub fn trust(service: &'static str, source: &Value<Arn>) -> Self {
        Self::allow(["sts:AssumeRole"])
            .to(Principal::Service(service))
            .when(Condition::equals("aws:SourceAccount", super::account()))
            .when(Condition::arn_like("aws:SourceArn", source.text()))
    }

    /// Names the statement.
    #[must_use]
    pub fn named(mut self, sid: &'static str) -> Self {
        self.sid = Some(sid);
        self
    }

    /// Says to whom it applies; for policies of resources and for trust.
    #[must_use]
    pub fn to(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Says to what it applies.
    #[must_use]
    pub fn on<T>(mut self, resources: impl IntoIterator<Item = Value<T>>) -> Self {
        self.resources
            .extend(resources.into_iter().map(|resource| resource.text()));
        self
    }

    /// For actions that know no resources, and for key policies, where `*` is the key itself. Name the actions one
    /// by one: a wildcard in both places is what no policy of ours may hold.
    #[must_use]
    pub fn on_any(mut self) -> Self {
        self.resources.push("*".into());
        self
    }

    /// Adds a condition; all of them must hold.
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

/// To whom a statement applies.
#[derive(Clone, Debug)]
pub enum Principal {
    /// A service of AWS, like `ecs-tasks.amazonaws.com`.
    Service(&'static str),
    /// A service whose name depends on the region.
    RegionalService(Value<Text>),
    /// Whoever the account's own policies allow.
    Account,
    /// Everybody; only ever in denials.
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
    /// The request's `key` is exactly this.
    pub fn equals<T>(key: &'static str, value: Value<T>) -> Self {
        Self::new("StringEquals", key, [value])
    }

    /// The request's `key` is one of these.
    pub fn is_one_of<T>(key: &'static str, values: impl IntoIterator<Item = Value<T>>) -> Self {
        Self::new("StringEquals", key, values)
    }

    /// As [`Self::equals`], where the request says anything about `key` at all.
    pub fn equals_if_said<T>(key: &'static str, value: Value<T>) -> Self {
        Self::new("StringEqualsIfExists", key, [value])
    }

    /// The request's `key` is an ARN that matches this pattern.
    pub fn arn_like<T>(key: &'static str, pattern: Value<T>) -> Self {
        Self::new("ArnLike", key, [pattern])
    }

    /// As [`Self::arn_like`], for any text.
    pub fn like<T>(key: &'static str, pattern: Value<T>) -> Self {
        Self::new("StringLike", key, [pattern])
    }

    /// The request's `key` is `true` or `false`.
    pub fn is(key: &'static str, value: bool) -> Self {
        Self::new("Bool", key, [Value::<Text>::from(value.to_string())])
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
    fn conditions_of_one_operator_stand_together() {
        let statement = Statement::trust("codebuild.amazonaws.com", &"arn:x".into());
        insta::assert_snapshot!(serde_json::to_string(&statement).unwrap(), @r#"{"Effect":"Allow","Principal":{"Service":"codebuild.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:SourceArn":"arn:x"},"StringEquals":{"aws:SourceAccount":{"Ref":"AWS::AccountId"}}}}"#);
    }
}
