//! Validation of lists of ports.

use toml::de::DeValue;

use super::document::{ValueError, kind, number};

/// Most ports of a list. AWS permits 60 outbound rules per security group.
const MOST: usize = 50;
/// Port that security groups of tasks always open.
const HTTPS: u16 = 443;

/// Parses the TCP ports that tasks may connect to within the VPC.
pub(super) fn egress(value: &DeValue<'_>) -> Result<Vec<u16>, ValueError> {
    let DeValue::Array(items) = value else {
        return Err(ValueError::new(format!("is {}, not an array", kind(value)))
            .remedy("example: `egress-ports = [5432]`"));
    };
    let mut ports = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let place = format!("item {}", index + 1);
        let port = number(1..=u16::MAX)(item.get_ref()).map_err(|error| {
            let remedy = match item.get_ref() {
                DeValue::String(_) => "write ports without quotes: `egress-ports = [5432]`".to_owned(),
                _ => error.remedy.unwrap_or_default(),
            };
            ValueError::new(format!("has an invalid port: {place} {}", error.problem)).remedy(remedy)
        })?;
        if port == HTTPS {
            return Err(ValueError::new(format!(
                "contains {HTTPS} ({place}), which is always open, to every address"
            ))
            .remedy("remove it from the list"));
        }
        if ports.contains(&port) {
            return Err(
                ValueError::new(format!("contains {port} twice ({place})")).remedy("remove one of the two")
            );
        }
        ports.push(port);
    }
    if ports.len() > MOST {
        return Err(
            ValueError::new(format!("has {} ports", ports.len())).remedy(format!(
                "list at most {MOST}; AWS permits 60 outbound rules per security group"
            )),
        );
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use crate::settings::{EXAMPLE, Settings};

    fn read(line: &str) -> Result<Settings, String> {
        let text = EXAMPLE.replace("[clusters.prod]\n", &format!("[clusters.prod]\n{line}\n"));
        Settings::parse(&text).map_err(|mistakes| {
            let lines = mistakes
                .iter()
                .map(|mistake| format!("{mistake}; {}", mistake.remedy.as_deref().unwrap_or("no remedy")));
            lines.collect::<Vec<_>>().join("\n")
        })
    }

    #[test]
    fn ports_of_a_cluster_are_read() {
        let settings = read("egress-ports = [5432, 6379, 65535]").unwrap();
        assert_eq!(settings.clusters.prod.egress_ports, [5432, 6379, 65535]);
        assert!(settings.clusters.dev.egress_ports.is_empty());
        assert!(
            read("egress-ports = []")
                .unwrap()
                .clusters
                .prod
                .egress_ports
                .is_empty()
        );
    }

    #[test]
    fn wrong_ports_are_named_with_remedy() {
        let many: Vec<_> = (1000..1051).map(|port: u16| port.to_string()).collect();
        let said: Vec<_> = [
            "egress-ports = [0]",
            "egress-ports = [5432, 70000]",
            "egress-ports = [5432, 6379, 5432]",
            "egress-ports = [443]",
            "egress-ports = [\"5432\"]",
            "egress-ports = [5432.5]",
            "egress-ports = [[5432]]",
            "egress-ports = 5432",
            "egress-ports = \"5432\"",
            "egress-port = [5432]",
            &format!("egress-ports = [{}]", many.join(", ")),
        ]
        .map(|line| read(line).unwrap_err())
        .to_vec();
        insta::assert_snapshot!(said.join("\n"));
    }
}
