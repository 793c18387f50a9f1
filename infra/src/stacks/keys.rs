//! Statements shared by KMS key policies.

use super::names::{Names, local_arn_of};
use crate::cfn::{Condition, Principal, Statement, region, text, url_suffix};

/// Lets the account's IAM policies control the key; without this statement the key is unmanageable.
pub(super) fn account_administers_key() -> Statement {
    Statement::allow(["kms:*"])
        .named("AccountManagesIt")
        .to(Principal::Account)
        // In a key policy `*` is the key.
        .on_any()
}

/// Reserves grants, which lend the key to others, to AWS services.
pub(super) fn only_services_get_grants() -> Statement {
    Statement::deny(["kms:CreateGrant"])
        .named("OnlyServicesGetGrants")
        .to(Principal::Everybody)
        .on_any()
        .when(Condition::is_if_exists("kms:GrantIsForAWSResource", false))
        .when(Condition::is_if_exists("aws:PrincipalIsAWSService", false))
}

/// Lets CloudWatch Logs use the key for the project's log groups only.
pub(super) fn logs_use_key(names: &Names) -> Statement {
    Statement::allow([
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:DescribeKey",
    ])
    .named("LogsMayUseIt")
    .to(Principal::RegionalService(text([
        "logs.".into(),
        region(),
        ".".into(),
        url_suffix(),
    ])))
    .on_any()
    .when(Condition::arn_like(
        "kms:EncryptionContext:aws:logs:arn",
        local_arn_of("logs", &format!("log-group:{}*", names.log_group_root())),
    ))
}
