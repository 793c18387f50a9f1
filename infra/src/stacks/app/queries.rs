//! Saved queries of CloudWatch Logs Insights about an environment's logs.

use crate::cfn::logs::{LogGroup, QueryDefinition};
use crate::cfn::{Handle, TemplateBuilder};
use crate::settings::EnvironmentName;
use crate::stacks::names::Names;

/// Which logs a query reads.
#[derive(Clone, Copy)]
enum Logs {
    Proxy,
    Both,
}

/// Logical ID, name, logs and text of each query. Fields are those of the proxy's access log.
const QUERIES: [(&str, &str, Logs, &str); 4] = [
    (
        "SlowestQuery",
        "slowest requests",
        Logs::Proxy,
        "filter ispresent(total_ms)
| fields @timestamp, total_ms, first_byte_ms, connect_ms, method, target, status, end, request_id
| sort total_ms desc
| limit 50",
    ),
    (
        "ErrorsQuery",
        "why 5xx",
        Logs::Proxy,
        "filter status >= 500
| stats count(*) as requests, latest(target) as for_example, latest(request_id) as its_id, latest(error) as why by end, status
| sort requests desc",
    ),
    (
        "RequestQuery",
        "one request by id",
        Logs::Both,
        "filter @message like \"REQUEST-ID\"
| fields @timestamp, @log, @message
| sort @timestamp asc
| limit 100",
    ),
    (
        "StrangersQuery",
        "what strangers try",
        Logs::Proxy,
        "filter end like /^client\\.head/ or status in [404, 405, 429]
| stats count(*) as requests, count_distinct(client) as clients, latest(target) as for_example by end, rule, status
| sort requests desc",
    ),
];

/// Adds the queries. `groups` are the log groups of the proxy and of the app.
pub(super) fn build(
    template: &mut TemplateBuilder,
    names: &Names,
    environment: EnvironmentName,
    groups: &[Handle<LogGroup>],
) {
    for (id, name, logs, query) in QUERIES {
        let read = match logs {
            Logs::Proxy => &groups[..1],
            Logs::Both => groups,
        };
        template.add(
            id,
            &QueryDefinition {
                name: format!("{}/{environment}/{name}", names.project()).into(),
                query_string: query.to_owned(),
                log_group_names: read.iter().map(Handle::<LogGroup>::name).collect(),
            },
        );
    }
}
