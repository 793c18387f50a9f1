//! Values of properties: literals, references, and texts made of both.

use std::fmt::Display;
use std::marker::PhantomData;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::json;

/// Kind of a value that is any text.
#[derive(Clone, Copy, Debug)]
pub enum Text {}

/// Kind of a value that names a resource across services.
#[derive(Clone, Copy, Debug)]
pub enum Arn {}

/// Kind of a value that is a number, though CloudFormation writes it as a text.
#[derive(Clone, Copy, Debug)]
pub enum Number {}

/// What CloudFormation will put in a property's place: a text that is known now, or one that is known once
/// other resources exist.
///
/// `T` says what the text stands for, like [`super::ec2::VpcId`]. Nothing of type `T` is ever made.
#[derive(Debug)]
pub struct Value<T> {
    expression: Expression,
    kind: PhantomData<fn() -> T>,
}

#[derive(Clone, Debug)]
enum Expression {
    Pieces(Vec<Piece>),
    /// The n-th availability zone of the region, counted from 0.
    Zone(u8),
}

#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    /// `Ref` of a resource, a parameter or a pseudo parameter.
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

    /// For handles alone: `Ref` of what they stand for.
    pub(super) fn reference(logical_id: &str) -> Self {
        Self::new(Expression::Pieces(vec![Piece::Ref(logical_id.to_owned())]))
    }

    /// For handles alone: an attribute of what they stand for.
    pub(super) fn attribute(logical_id: &str, attribute: &'static str) -> Self {
        Self::new(Expression::Pieces(vec![Piece::GetAtt(
            logical_id.to_owned(),
            attribute,
        )]))
    }

    /// The same value where any text will do.
    pub fn text(&self) -> Value<Text> {
        Value::new(self.expression.clone())
    }

    fn pieces(self) -> Vec<Piece> {
        match self.expression {
            Expression::Pieces(pieces) => pieces,
            // Only ever used alone, see `zone`.
            Expression::Zone(index) => vec![Piece::Literal(format!("zone {index}"))],
        }
    }
}

impl<T, L: Into<String>> From<L> for Value<T> {
    /// A literal. The caller says of what kind it is, by where it puts it.
    fn from(literal: L) -> Self {
        Self::new(Expression::Pieces(vec![Piece::Literal(literal.into())]))
    }
}

/// A literal made of anything that can be displayed.
pub fn literal<T>(value: impl Display) -> Value<T> {
    value.to_string().into()
}

/// One value made of several, one after the other, like an ARN.
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

/// `aws`, or `aws-cn` and the like.
pub fn partition() -> Value<Text> {
    Value::reference("AWS::Partition")
}

/// The region that the stack is in.
pub fn region() -> Value<Text> {
    Value::reference("AWS::Region")
}

/// The account that the stack is in, twelve digits.
pub fn account() -> Value<Text> {
    Value::reference("AWS::AccountId")
}

/// The name of the stack.
pub fn stack_name() -> Value<Text> {
    Value::reference("AWS::StackName")
}

/// `amazonaws.com`, or what stands for it in other partitions.
pub fn url_suffix() -> Value<Text> {
    Value::reference("AWS::URLSuffix")
}

/// The n-th availability zone of the stack's region, counted from 0.
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
            // `${!x}` is how `Fn::Sub` writes a `${x}` that it is to leave alone.
            Self::Literal(text) => text.replace("${", "${!"),
            Self::Ref(id) => format!("${{{id}}}"),
            Self::GetAtt(id, attribute) => format!("${{{id}.{attribute}}}"),
        }
    }
}

/// A list of values, or a parameter that holds such a list.
#[derive(Debug)]
pub enum Values<T> {
    /// One by one.
    Each(Vec<Value<T>>),
    /// A parameter of a list type, whose length only CloudFormation knows.
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
    fn a_text_is_as_plain_as_it_can_be() {
        assert_eq!(json::<Text>(&"plain".into()), r#""plain""#);
        assert_eq!(json::<Text>(&text(["a".into(), "b".into()])), r#""ab""#);
        assert_eq!(json::<Text>(&text([region()])), r#"{"Ref":"AWS::Region"}"#);
        assert_eq!(
            json::<Text>(&text(["in ".into(), region()])),
            r#"{"Fn::Sub":"in ${AWS::Region}"}"#
        );
    }

    #[test]
    fn a_dollar_in_a_literal_stays_a_dollar() {
        assert_eq!(
            json::<Text>(&text(["${HOME} in ".into(), region()])),
            r#"{"Fn::Sub":"${!HOME} in ${AWS::Region}"}"#
        );
    }
}
