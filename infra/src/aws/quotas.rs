//! Service quotas of the account.

use aws_sdk_servicequotas::types::ServiceQuota;

use super::{AwsError, Cloud};

impl Cloud {
    /// Returns the value of a quota: the account's own, else the default; `None` if unknown.
    pub async fn quota(&self, service: &str, code: &str) -> Result<Option<f64>, AwsError> {
        match call!(self.quotas => "GetServiceQuota", get_service_quota().service_code(service).quota_code(code))
        {
            Ok(found) => return Ok(found.quota.and_then(|quota| quota.value)),
            Err(error) if is_unknown(&error) => {}
            Err(error) => return Err(error),
        }
        match call!(self.quotas => "GetAWSDefaultServiceQuota",
            get_aws_default_service_quota().service_code(service).quota_code(code))
        {
            Ok(found) => Ok(found.quota.and_then(|quota| quota.value)),
            Err(error) if is_unknown(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the quotas of a service by name, since some codes differ by region.
    pub async fn quotas_by_name(&self, service: &str) -> Result<Vec<(String, f64)>, AwsError> {
        let quotas =
            pages!(self.quotas => "ListServiceQuotas", quotas: list_service_quotas().service_code(service))?;
        let named = |quota: ServiceQuota| Some((quota.quota_name?, quota.value?));
        Ok(quotas.into_iter().filter_map(named).collect())
    }
}

fn is_unknown(error: &AwsError) -> bool {
    matches!(error, AwsError::Refused { code, .. } if code.contains("NoSuchResource"))
}
