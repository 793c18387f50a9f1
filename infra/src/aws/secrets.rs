//! Existence of the secrets that tasks read. Values are never requested.

use aws_sdk_ssm::types::ParameterStringFilter;

use super::{AwsError, Cloud, if_found};
use crate::service::Secret;

impl Cloud {
    /// Returns whether a secret exists and is not scheduled for deletion.
    pub async fn has_secret(&self, secret: &Secret) -> Result<bool, AwsError> {
        match secret {
            Secret::Parameter { path } => self.has_parameter(path).await,
            Secret::SecretsManager { name, .. } => {
                let found = call!(self.secrets => "DescribeSecret", describe_secret().secret_id(name));
                Ok(if_found(found)?.is_some_and(|found| found.deleted_date.is_none()))
            }
        }
    }

    async fn has_parameter(&self, path: &str) -> Result<bool, AwsError> {
        let filter = ParameterStringFilter::builder()
            .key("Name")
            .option("Equals")
            .values(path)
            .build()
            .ok();
        let found = pages!(self.parameters => "DescribeParameters",
            parameters: describe_parameters().set_parameter_filters(filter.clone().map(|filter| vec![filter])));
        Ok(!found?.is_empty())
    }
}
