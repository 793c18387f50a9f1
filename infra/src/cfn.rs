//! Typed CloudFormation resources and templates, independent of settings and stacks.
//!
//! Adding a resource to a [`TemplateBuilder`] returns a [`Handle`]; references ([`Value`]) are only obtained from handles.
//! Each kind of value has its own type (a VPC ID is not a subnet ID), so that most mix-ups do not compile. References to
//! another template are detected when the template is finished.
//!
//! One file per AWS service contains exactly the properties that our stacks set. Field names are CloudFormation's in
//! snake case.

/// Declares a resource: the struct with its properties, its CloudFormation type, the form of its tags, and what its
/// [`Handle`] returns, either `Ref` or an attribute.
macro_rules! resource {
    (@value $handle:ident, Ref) => { $handle.reference() };
    (@value $handle:ident, $attribute:literal) => { $handle.attribute($attribute) };
    ($properties:ident, $name:literal, $tagging:ident $(; $($getter:ident: $kind:ty = $source:tt),+)?) => {
        impl $crate::cfn::Resource for $properties {
            const TYPE: &'static str = $name;
            const TAGGING: $crate::cfn::Tagging = $crate::cfn::Tagging::$tagging;
        }
        $(impl $crate::cfn::Handle<$properties> {
            $(
                #[doc = concat!("Returns the `", stringify!($getter), "`.")]
                pub fn $getter(&self) -> Value<$kind> {
                    resource!(@value self, $source)
                }
            )+
        })?
    };
}

mod policy;
mod template;
mod value;

pub mod application_autoscaling;
pub mod certificatemanager;
pub mod cloudwatch;
pub mod codebuild;
pub mod codeconnections;
pub mod codepipeline;
pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod elbv2;
pub mod events;
pub mod iam;
pub mod kms;
pub mod logs;
pub mod route53;
pub mod s3;
pub mod secretsmanager;
pub mod sns;
pub mod ssm;

pub use policy::{Condition, Effect, PolicyDocument, Principal, Statement};
pub use template::{
    Defect, Handle, INLINE_LIMIT, Parameter, Resource, Retention, Tagging, Template, TemplateBuilder, With,
    mentions,
};
pub use value::{
    Arn, Number, Text, Value, Values, account, literal, partition, region, stack_name, text, url_suffix, zone,
};
