//! REST with XML, as Route 53 speaks it: the operation is in the path.

use std::collections::BTreeMap;

use super::decode;

/// Returns operation and parameters of a path of Route 53; that of the path itself is `Id`.
pub(super) fn operation(path: &str) -> Option<(&'static str, BTreeMap<String, String>)> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let rest = path.strip_prefix("/2013-04-01/")?;
    let mut form: BTreeMap<_, _> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect();
    let (operation, id) = match rest.split('/').collect::<Vec<_>>().as_slice() {
        ["hostedzonesbyname"] => ("ListHostedZonesByName", None),
        ["hostedzone", id] => ("GetHostedZone", Some(*id)),
        ["hostedzone", id, "rrset"] => ("ListResourceRecordSets", Some(*id)),
        other => panic!("unknown path of Route 53: {other:?}"),
    };
    form.extend(id.map(|id| ("Id".to_owned(), id.to_owned())));
    Some((operation, form))
}

/// Returns the document of a response.
pub(super) fn render(operation: &str, inside: &str) -> Vec<u8> {
    let namespace = "https://route53.amazonaws.com/doc/2013-04-01/";
    format!("<{operation}Response xmlns=\"{namespace}\">{inside}</{operation}Response>").into_bytes()
}
