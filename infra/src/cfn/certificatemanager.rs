//! AWS Certificate Manager.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::Arn;
use super::route53::HostedZoneId;
use super::value::{Text, Value};

/// A public certificate. CloudFormation waits until it is issued.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Certificate {
    pub domain_name: Value<Text>,
    pub validation_method: ValidationMethod,
    pub domain_validation_options: Vec<DomainValidationOption>,
}

resource!(Certificate, "AWS::CertificateManager::Certificate", List; arn: Arn = Ref);

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ValidationMethod {
    Dns,
}

/// The hosted zone in which CloudFormation creates the validation record.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DomainValidationOption {
    pub domain_name: Value<Text>,
    pub hosted_zone_id: Value<HostedZoneId>,
}
