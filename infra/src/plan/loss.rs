//! Data that is lost when a resource is deleted.

/// Returns the data that is lost with the resource, as a sentence; `None` if it can be recreated.
pub fn loss(id: &str, kind: &str) -> Option<String> {
    let what = match kind {
        "AWS::S3::Bucket" => "its objects",
        "AWS::ECR::Repository" => "its images",
        "AWS::KMS::Key" => "the key of encrypted data",
        "AWS::Logs::LogGroup" => "its log events",
        "AWS::CodeConnections::Connection" => "its authorization, which must be granted again",
        "AWS::DynamoDB::Table"
        | "AWS::EFS::FileSystem"
        | "AWS::ElastiCache::ReplicationGroup"
        | "AWS::RDS::DBCluster"
        | "AWS::RDS::DBInstance"
        | "AWS::SQS::Queue"
        | "AWS::SecretsManager::Secret" => "its contents",
        _ => return None,
    };
    Some(format!("{id} loses {what}"))
}
