//! Links to the CloudWatch console: dashboards and saved log queries of a template.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// A page of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Logical ID of the resource in the template.
    pub resource: String,
    /// What it shows, for example `dashboard` or `why 5xx`.
    pub name: String,
    /// Address.
    pub url: String,
}

/// Returns the links of a template whose stack is in `region`: dashboards first.
pub fn links(template: &Json, region: &str) -> Vec<Link> {
    let resources = || template["Resources"].as_object().into_iter().flatten();
    let of = |kind: &'static str| {
        resources().filter_map(move |(id, resource)| {
            (resource["Type"] == kind).then_some((id.clone(), &resource["Properties"]))
        })
    };
    let dashboards = of("AWS::CloudWatch::Dashboard").filter_map(|(resource, properties)| {
        let page = format!("dashboards/dashboard/{}", properties["DashboardName"].as_str()?);
        Some(Link {
            resource,
            name: "dashboard".to_owned(),
            url: console(region, &page),
        })
    });
    let queries = of("AWS::Logs::QueryDefinition").filter_map(|(resource, properties)| {
        let groups = properties["LogGroupNames"]
            .as_array()?
            .iter()
            .filter_map(|group| {
                let group = group["Ref"].as_str()?;
                template["Resources"][group]["Properties"]["LogGroupName"].as_str()
            });
        Some(Link {
            resource,
            name: properties["Name"].as_str()?.rsplit('/').next()?.to_owned(),
            url: console(region, &insights(properties["QueryString"].as_str()?, groups)),
        })
    });
    dashboards.chain(queries).collect()
}

fn console(region: &str, page: &str) -> String {
    format!("https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#{page}")
}

/// Returns the page of Logs Insights with a query over the last hour, not started.
///
/// AWS documents no such address; this is the one that the console itself puts into the address bar. Its parameter is an
/// object in a notation of its own, percent-encoded twice with `$` for `%`.
fn insights<'a>(query: &str, groups: impl Iterator<Item = &'a str>) -> String {
    let groups: Vec<String> = groups.map(|group| format!("~'{}", in_text(group))).collect();
    let detail = format!(
        "~(end~0~start~-3600~timeType~'RELATIVE~unit~'seconds~editorString~'{}~source~({}))",
        in_text(query),
        groups.concat()
    );
    format!(
        "logsV2:logs-insights$3FqueryDetail$3D{}",
        encoded(&detail, "*", "$25")
    )
}

/// Escapes a text within the notation.
fn in_text(text: &str) -> String {
    encoded(text, "", "*")
}

/// Writes letters, digits, `-`, `_`, `.` and the `plain` characters as they are, and others as hexadecimal bytes after `mark`.
fn encoded(text: &str, plain: &str, mark: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        let character = char::from(byte);
        if byte.is_ascii_alphanumeric() || "-_.".contains(character) || plain.contains(character) {
            encoded.push(character);
        } else {
            let _ = write!(encoded, "{mark}{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{EXAMPLE, EnvironmentName, Settings};
    use crate::stacks;

    /// What the console does with the address.
    fn decoded(text: &str, mark: char) -> String {
        let mut parts = text.split(mark);
        let mut bytes = parts.next().unwrap().as_bytes().to_vec();
        for part in parts {
            bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
            bytes.extend_from_slice(&part.as_bytes()[2..]);
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn links_lead_to_the_dashboard_and_the_queries() {
        let graph = stacks::graph(&Settings::parse(EXAMPLE).unwrap()).unwrap();
        let template = graph.app(EnvironmentName::Prod).unwrap().template.json();
        let links = links(template, "eu-central-1");
        let names: Vec<_> = links.iter().map(|link| link.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "dashboard",
                "why 5xx",
                "one request by id",
                "slowest requests",
                "what strangers try"
            ]
        );
        assert_eq!(
            links[0].url,
            "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#dashboards/dashboard/penguin-school-prod"
        );
        for link in &links[1..] {
            let query = &template["Resources"][&link.resource]["Properties"]["QueryString"];
            let (_, detail) = link.url.split_once("#logsV2:logs-insights").unwrap();
            let detail = decoded(&decoded(detail, '$'), '%');
            assert!(
                detail.starts_with("?queryDetail=~(end~0~start~-3600~"),
                "{detail}"
            );
            let read = decoded(&detail, '*');
            assert!(read.contains(query.as_str().unwrap()), "{read}");
            assert!(read.contains("~source~(~'/penguin-school/prod/proxy"), "{read}");
            assert!(
                link.url.bytes().all(|byte| byte.is_ascii_graphic()),
                "{}",
                link.url
            );
        }
    }
}
