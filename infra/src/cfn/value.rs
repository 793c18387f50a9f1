//! Property values: literals, references, and strings composed of both.

use std::fmt::Display;
use std::marker::PhantomData;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::json;

/// Marker type of strings.
#[derive(Clone, Copy, Debug)]
pub enum Text {}

/// Marker type of ARNs.
#[derive(Clone, Copy, Debug)]
pub enum Arn {}

/// Marker type of numbers that CloudFormation writes as strings.
#[derive(Clone, Copy, Debug)]
pub enum Number {}

/// A property value: a literal, or a reference resolved by CloudFormation.
///
/// `T` is a marker type for the kind of value, for example [`super::ec2::VpcId`]; it has no instances.
#[derive(Debug)]
pub struct Value<T> {
    expression: Expression,
    kind: PhantomData<fn() -> T>,
}

#[derive(Clone, Debug)]
enum Expression {
    Pieces(Vec<Piece>),
    /// An availability zone of the region, counted from 0.
    Zone(u8),
}

#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    /// `Ref` to a resource, parameter or pseudo parameter.
    Ref(String),
    GetAtt(String, &'static str),
}

impl<T> Clone for Value<T> {
    fn clone(&self) -> Self {
        Self::new(self.expression.clone())
    }
}

impl<T> Value<T> {
    fn new(expression: Expression) -> Self {
        Self {
            expression,
            kind: PhantomData,
        }
    }

    /// Creates a `Ref`; only for handles.
    pub(super) fn reference(logical_id: &str) -> Self {
        Self::new(Expression::Pieces(vec![Piece::Ref(logical_id.to_owned())]))
    }

    /// Creates a `Fn::GetAtt`; only for handles.
    pub(super) fn attribute(logical_id: &str, attribute: &'static str) -> Self {
        Self::new(Expression::Pieces(vec![Piece::GetAtt(
            logical_id.to_owned(),
            attribute,
        )]))
    }

    /// Converts to an untyped string.
    pub fn text(&self) -> Value<Text> {
        Value::new(self.expression.clone())
    }

    fn pieces(self) -> Vec<Piece> {
        match self.expression {
            Expression::Pieces(pieces) => pieces,
            // Only used alone, see `zone`.
            Expression::Zone(index) => vec![Piece::Literal(format!("zone {index}"))],
        }
    }
}

impl<T, L: Into<String>> From<L> for Value<T> {
    /// Creates a literal; the kind follows from the context.
    fn from(literal: L) -> Self {
        Self::new(Expression::Pieces(vec![Piece::Literal(literal.into())]))
    }
}

/// Creates a literal from anything that implements [`Display`].
pub fn literal<T>(value: impl Display) -> Value<T> {
    value.to_string().into()
}

/// Concatenates values, for example to an ARN.
///
/// ```
/// use infra::cfn::{Arn, Value, partition, text};
/// let bucket: Value<Arn> = text([
///     "arn:".into(),
///     partition(),
///     ":s3:::a-bucket".into(),
/// ]);
/// assert_eq!(
///     serde_json::to_string(&bucket).unwrap(),
///     r#"{"Fn::Sub":"arn:${AWS::Partition}:s3:::a-bucket"}"#
/// );
/// ```
pub fn text<T>(parts: impl IntoIterator<Item = Value<Text>>) -> Value<T> {
    let mut pieces: Vec<Piece> = Vec::new();
    for piece in parts.into_iter().flat_map(Value::pieces) {
        match (pieces.last_mut(), piece) {
            (Some(Piece::Literal(before)), Piece::Literal(more)) => before.push_str(&more),
            (_, piece) => pieces.push(piece),
        }
    }
    Value::new(Expression::Pieces(pieces))
}

/// Returns the partition of the stack, for example `aws` or `aws-cn`.
pub fn partition() -> Value<Text> {
    Value::reference("AWS::Partition")
}

/// Returns the region of the stack.
pub fn region() -> Value<Text> {
    Value::reference("AWS::Region")
}

/// Returns the account ID of the stack.
pub fn account() -> Value<Text> {
    Value::reference("AWS::AccountId")
}

/// Returns the name of the stack.
pub fn stack_name() -> Value<Text> {
    Value::reference("AWS::StackName")
}

/// Returns the domain suffix of the partition, for example `amazonaws.com`.
pub fn url_suffix() -> Value<Text> {
    Value::reference("AWS::URLSuffix")
}

/// Returns an availability zone of the stack's region, counted from 0.
pub fn zone(index: u8) -> Value<Text> {
    Value::new(Expression::Zone(index))
}

impl<T> Serialize for Value<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let one = |serializer: S, name, value: serde_json::Value| {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(name, &value)?;
            map.end()
        };
        match &self.expression {
            Expression::Zone(index) => one(serializer, "Fn::Select", json!([index, { "Fn::GetAZs": "" }])),
            Expression::Pieces(pieces) => match pieces.as_slice() {
                [] => serializer.serialize_str(""),
                [Piece::Literal(text)] => serializer.serialize_str(text),
                [Piece::Ref(id)] => one(serializer, "Ref", json!(id)),
                [Piece::GetAtt(id, attribute)] => one(serializer, "Fn::GetAtt", json!([id, attribute])),
                several => one(
                    serializer,
                    "Fn::Sub",
                    json!(several.iter().map(Piece::in_sub).collect::<String>()),
                ),
            },
        }
    }
}

impl Piece {
    fn in_sub(&self) -> String {
        match self {
            // `Fn::Sub` unescapes `${!x}` to `${x}`.
            Self::Literal(text) => text.replace("${", "${!"),
            Self::Ref(id) => format!("${{{id}}}"),
            Self::GetAtt(id, attribute) => format!("${{{id}.{attribute}}}"),
        }
    }
}

/// A list of values, or a parameter with such a list.
#[derive(Debug)]
pub enum Values<T> {
    /// One by one.
    Each(Vec<Value<T>>),
    /// A parameter of a list type.
    List(Value<T>),
}

impl<T> Clone for Values<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Each(values) => Self::Each(values.clone()),
            Self::List(list) => Self::List(list.clone()),
        }
    }
}

impl<T> FromIterator<Value<T>> for Values<T> {
    fn from_iter<I: IntoIterator<Item = Value<T>>>(values: I) -> Self {
        Self::Each(values.into_iter().collect())
    }
}

impl<T> Serialize for Values<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Each(values) => values.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json<T>(value: &Value<T>) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn text_uses_the_simplest_form() {
        assert_eq!(json::<Text>(&"plain".into()), r#""plain""#);
        assert_eq!(json::<Text>(&text(["a".into(), "b".into()])), r#""ab""#);
        assert_eq!(json::<Text>(&text([region()])), r#"{"Ref":"AWS::Region"}"#);
        assert_eq!(
            json::<Text>(&text(["in ".into(), region()])),
            r#"{"Fn::Sub":"in ${AWS::Region}"}"#
        );
    }

    #[test]
    fn dollar_in_literal_is_escaped() {
        assert_eq!(
            json::<Text>(&text(["${HOME} in ".into(), region()])),
            r#"{"Fn::Sub":"${!HOME} in ${AWS::Region}"}"#
        );
    }
}
