//! SSM parameters: releases and values shared between stacks.

use std::collections::BTreeSet;

use aws_sdk_ssm::types::{ParameterHistory, ParameterType};

use super::{AwsError, Cloud, if_found, time};
use crate::releases::Written;

/// Maximum number of names per `GetParameters` call.
const AT_ONCE: usize = 10;
/// Versions per page.
const PAGE: i32 = 50;

impl Cloud {
    /// Returns the value of a parameter, or `None` if it does not exist.
    pub async fn parameter(&self, name: &str) -> Result<Option<String>, AwsError> {
        let found = call!(self.parameters => "GetParameter", get_parameter().name(name));
        let parameter = if_found(found)?.and_then(|found| found.parameter);
        Ok(parameter.and_then(|parameter| parameter.value))
    }

    /// Returns those of the parameters `names` that do not exist.
    pub async fn missing_parameters(&self, names: &BTreeSet<String>) -> Result<BTreeSet<String>, AwsError> {
        let mut missing = BTreeSet::new();
        let names: Vec<_> = names.iter().cloned().collect();
        for some in names.chunks(AT_ONCE) {
            let response = call!(self.parameters => "GetParameters",
                get_parameters().set_names(Some(some.to_vec())))?;
            missing.extend(response.invalid_parameters.unwrap_or_default());
        }
        Ok(missing)
    }

    /// Writes a parameter of type `String`, whether it exists or not.
    pub async fn put_parameter(&self, name: &str, value: &str) -> Result<(), AwsError> {
        call!(self.parameters => "PutParameter",
            put_parameter().name(name).value(value).r#type(ParameterType::String).overwrite(true))
        .map(drop)
    }

    /// Returns the history of a parameter (SSM keeps 100 versions), oldest first; empty if it does not exist.
    pub async fn parameter_history(&self, name: &str) -> Result<Vec<Written>, AwsError> {
        let versions = pages!(self.parameters => "GetParameterHistory",
            parameters: get_parameter_history().name(name).max_results(PAGE));
        let written = |version: ParameterHistory| {
            Some(Written {
                at: time(version.last_modified_date.as_ref()),
                tag: version.value?,
                version: version.version,
            })
        };
        Ok(if_found(versions)?
            .unwrap_or_default()
            .into_iter()
            .filter_map(written)
            .collect())
    }
}
