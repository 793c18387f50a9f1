//! CloudFormation as typed values: what a template may hold, and nothing about what ours hold.
//!
//! A [`Template`] gives a [`Handle`] for every resource that is put into it, and a [`Value`] that points at a
//! resource is only to be had from such a handle. Each kind of value has a type of its own (a VPC's id is no
//! subnet's id), so that most mix-ups do not compile; what is left, a handle that wandered into another template,
//! is found when the template is written.
//!
//! There is one file per AWS service, with exactly the properties that our stacks set. Field names are those of
//! CloudFormation in snake case, so that its documentation reads beside them. This module must not know the
//! settings or the stacks.

mod policy;
mod template;
mod value;

pub mod application_autoscaling;
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
pub mod s3;
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
