//! Sentences that the policies of our keys share.

use super::names::{Names, local_arn_of};
use crate::cfn::{Condition, Principal, Statement, region, text, url_suffix};

/// The account's own policies decide who manages and uses a key: without this nobody could, ever again.
pub(super) fn account_manages_it() -> Statement {
    Statement::allow(["kms:*"])
        .named("AccountManagesIt")
        .to(Principal::Account)
        // In a key policy `*` is the key itself.
        .on_any()
}

/// CloudWatch encrypts our log groups with it, and nobody else's.
pub(super) fn logs_may_use_it(names: &Names) -> Statement {
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
