//! Hosted zones of Route 53.

use aws_sdk_route53::types::{HostedZone, RrType};

use super::{AwsError, Cloud, if_found};
use crate::deployment::hosted_zone::Zone;

impl Cloud {
    /// Returns the hosted zones with this name.
    pub async fn zones_of_name(&self, name: &str) -> Result<Vec<Zone>, AwsError> {
        // The list begins at the name, so that zones with this name are on its first page of 100.
        let found = call!(self.zones => "ListHostedZonesByName", list_hosted_zones_by_name().dns_name(name))?;
        let zones = found.hosted_zones.into_iter().map(zone);
        Ok(zones.filter(|zone| zone.name == name).collect())
    }

    /// Returns a hosted zone and its name servers, sorted, or `None` if there is none with this ID.
    pub async fn zone(&self, id: &str) -> Result<Option<(Zone, Vec<String>)>, AwsError> {
        let found = if_found(call!(self.zones => "GetHostedZone", get_hosted_zone().id(id)))?;
        Ok(found.and_then(|found| {
            let servers = found.delegation_set.map(|set| set.name_servers);
            let mut servers: Vec<_> = servers.into_iter().flatten().map(|name| plain(&name)).collect();
            servers.sort();
            Some((zone(found.hosted_zone?), servers))
        }))
    }

    /// Returns which of the types A, AAAA and CNAME a name has records of.
    pub async fn address_records(&self, zone: &str, name: &str) -> Result<Vec<String>, AwsError> {
        // Sorted by name and type; the types before and between these are few.
        let found = call!(self.zones => "ListResourceRecordSets",
            list_resource_record_sets().hosted_zone_id(zone).start_record_name(name).max_items(20))?;
        let types = found
            .resource_record_sets
            .into_iter()
            .filter(|record| plain(&record.name) == name)
            .map(|record| record.r#type)
            .filter(|kind| matches!(kind, RrType::A | RrType::Aaaa | RrType::Cname));
        let mut types: Vec<_> = types.map(|kind| kind.as_str().to_owned()).collect();
        types.dedup();
        Ok(types)
    }
}

fn zone(zone: HostedZone) -> Zone {
    Zone {
        id: zone.id.trim_start_matches("/hostedzone/").to_owned(),
        name: plain(&zone.name),
        private: zone.config.is_some_and(|config| config.private_zone),
    }
}

/// Returns a name in lower case without the final dot.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}
