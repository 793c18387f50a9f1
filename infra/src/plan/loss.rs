//! What is gone with a resource and cannot be made again.

/// What is lost when the resource goes, in words; nothing for what can be made anew.
pub fn loss(id: &str, kind: &str) -> Option<String> {
    let what = match kind {
        "AWS::S3::Bucket" => "its objects",
        "AWS::ECR::Repository" => "its images",
        "AWS::KMS::Key" => "all that is encrypted with it",
        "AWS::Logs::LogGroup" => "its log lines",
        "AWS::CodeConnections::Connection" => "its authorization, which somebody has to give again",
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
