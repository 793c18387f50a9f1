//! Service quotas that the stacks are most likely to exceed.

use serde_json::Value;

use super::Finding;

/// Identifies a quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quota {
    /// By code.
    Code(&'static str),
    /// By name, for CodeBuild, which has many codes.
    Name(String),
}

/// The demand on a quota.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Service code.
    pub service: &'static str,
    /// The quota.
    pub quota: Quota,
    /// Limited resource.
    pub what: String,
    /// Amount that all stacks need.
    pub need: f64,
}

/// Returns the demands of all stacks, from their templates.
pub fn demands(templates: &[String]) -> Vec<Demand> {
    let templates: Vec<Value> = templates
        .iter()
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect();
    let resources: Vec<_> = templates
        .iter()
        .filter_map(|template| template["Resources"].as_object())
        .flat_map(|resources| resources.values())
        .collect();
    let of = |kind: &str| {
        resources
            .iter()
            .filter(|resource| resource["Type"] == kind)
            .count()
    };
    let mut demands = vec![
        demand("vpc", "L-F678F1CE", "VPCs per region", of("AWS::EC2::VPC")),
        demand("ec2", "L-0263D0A3", "Elastic IP addresses", of("AWS::EC2::EIP")),
    ];
    let vcpus = vcpus(&templates);
    if vcpus > 0.0 {
        demands.push(Demand {
            service: "fargate",
            quota: Quota::Code("L-3032A538"),
            what: "vCPUs of Fargate tasks".to_owned(),
            need: vcpus,
        });
    }
    let mut environments: Vec<_> = resources
        .iter()
        .filter(|resource| resource["Type"] == "AWS::CodeBuild::Project")
        .filter_map(|resource| environment(&resource["Properties"]["Environment"]))
        .collect();
    environments.sort();
    environments.dedup();
    demands.extend(environments.into_iter().map(|environment| Demand {
        service: "codebuild",
        what: format!("concurrent builds, {environment}"),
        quota: Quota::Name(format!(
            "Concurrently running builds for {environment} environment"
        )),
        need: 1.0,
    }));
    demands.retain(|demand| demand.need > 0.0);
    demands
}

#[expect(clippy::cast_precision_loss, reason = "a handful of resources")]
fn demand(service: &'static str, code: &'static str, what: &str, need: usize) -> Demand {
    Demand {
        service,
        quota: Quota::Code(code),
        what: what.to_owned(),
        need: need as f64,
    }
}

/// Returns the vCPUs of the minimum number of tasks of all environments, doubled for rollouts.
fn vcpus(templates: &[Value]) -> f64 {
    let number = |value: &Value| {
        value
            .as_f64()
            .or_else(|| value.as_str()?.parse().ok())
            .unwrap_or(0.0)
    };
    let mut all = 0.0;
    for template in templates {
        let resources: Vec<_> = template["Resources"]
            .as_object()
            .into_iter()
            .flat_map(|resources| resources.values())
            .collect();
        let find = |kind: &str| {
            resources
                .iter()
                .find(|resource| resource["Type"] == kind)
                .map(|resource| &resource["Properties"])
        };
        if let (Some(task), Some(scaling)) = (
            find("AWS::ECS::TaskDefinition"),
            find("AWS::ApplicationAutoScaling::ScalableTarget"),
        ) {
            all += 2.0 * number(&scaling["MinCapacity"]) * number(&task["Cpu"]) / 1024.0;
        }
    }
    all
}

/// Returns the environment type as in CodeBuild quota names, for example `ARM/Large`.
fn environment(environment: &Value) -> Option<String> {
    let machine = match environment["Type"].as_str()? {
        "ARM_CONTAINER" => "ARM",
        "LINUX_CONTAINER" => "Linux",
        _ => return None,
    };
    let size = environment["ComputeType"]
        .as_str()?
        .strip_prefix("BUILD_GENERAL1_")?;
    let (first, rest) = size.split_at_checked(1)?;
    Some(format!("{machine}/{first}{}", rest.to_lowercase()))
}

/// Compares a demand with the quota; `None` as value means that the quota is unknown.
pub fn finding(demand: &Demand, value: Option<f64>) -> Option<Finding> {
    let value = value?;
    let (what, need) = (&demand.what, demand.need);
    let about = "quotas";
    if value < need {
        let service = demand.service;
        return Some(
            Finding::error(
                about,
                format!("{what}: quota {value}, all stacks need {need}"),
            )
            .remedy(format!(
                "request an increase in the Service Quotas console, or with `aws service-quotas list-service-quotas --service-code {service}` and `request-service-quota-increase`"
            )),
        );
    }
    Some(Finding::ok(
        about,
        format!("{what}: {need} of {value}, not counting other uses in the account"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Level;

    #[test]
    fn demands_are_read_from_templates() {
        let template = r#"{"Resources":{
            "Vpc":{"Type":"AWS::EC2::VPC"},"A":{"Type":"AWS::EC2::EIP"},"B":{"Type":"AWS::EC2::EIP"},
            "Task":{"Type":"AWS::ECS::TaskDefinition","Properties":{"Cpu":"512"}},
            "Scaling":{"Type":"AWS::ApplicationAutoScaling::ScalableTarget","Properties":{"MinCapacity":2}},
            "Build":{"Type":"AWS::CodeBuild::Project","Properties":{"Environment":{"Type":"ARM_CONTAINER","ComputeType":"BUILD_GENERAL1_LARGE"}}},
            "Tests":{"Type":"AWS::CodeBuild::Project","Properties":{"Environment":{"Type":"ARM_CONTAINER","ComputeType":"BUILD_GENERAL1_MEDIUM"}}}}}"#;
        let needs: Vec<_> = demands(&[template.to_owned()])
            .into_iter()
            .map(|demand| format!("{} {}", demand.what, demand.need))
            .collect();
        assert_eq!(
            needs,
            [
                "VPCs per region 1",
                "Elastic IP addresses 2",
                "vCPUs of Fargate tasks 2",
                "concurrent builds, ARM/Large 1",
                "concurrent builds, ARM/Medium 1"
            ]
        );
        assert!(demands(&["{}".to_owned()]).is_empty());
    }

    #[test]
    fn small_quota_is_an_error_and_unknown_quota_is_ignored() {
        let demand = demand("vpc", "L-F678F1CE", "VPCs per region", 2);
        let level = |value| finding(&demand, value).map(|finding| finding.level);
        assert_eq!(level(Some(1.0)), Some(Level::Error));
        assert_eq!(level(Some(2.0)), Some(Level::Ok));
        assert_eq!(level(None), None);
    }
}
