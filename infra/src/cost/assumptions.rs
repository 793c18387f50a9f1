//! Assumptions that templates do not contain: traffic, page sizes, pushes. Printed with every estimate.

/// Assumptions of an estimate.
#[derive(Clone, Copy, Debug)]
pub struct Assumptions {
    /// Millions of requests per month in prod; dev and staging get a tenth each.
    pub requests: f64,
    /// Pushes to the dev branch per month; a tenth of them are released.
    pub pushes: f64,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            requests: 1.0,
            pushes: 100.0,
        }
    }
}

impl Assumptions {
    /// Average kilobytes sent per request.
    pub const SENT_KB: f64 = 20.0;
    /// Kilobytes logged per request by both containers and the load balancer.
    pub const LOGGED_KB: f64 = 1.0;
    /// Requests per connection.
    pub const PER_CONNECTION: f64 = 5.0;
    /// GB per month of a cluster's flow log, and of outbound traffic of its tasks besides logs.
    pub const CLUSTER_GB: f64 = 1.0;
    /// MB of a compressed image.
    pub const IMAGE_MB: f64 = 10.0;
    /// MB of artifacts per pipeline execution, kept for a month.
    pub const ARTIFACTS_MB: f64 = 20.0;
    /// Minutes of an image build, of the tests, and of any other build.
    pub const BUILD_MINUTES: (f64, f64, f64) = (8.0, 15.0, 2.0);
    /// Minutes of any other action except approvals.
    pub const ACTION_MINUTES: f64 = 3.0;
    /// Container Insights metrics per cluster and per service.
    pub const METRICS: (f64, f64) = (8.0, 17.0);
    /// Enhanced Container Insights metrics per cluster and per running task.
    pub const ENHANCED_METRICS: (f64, f64) = (23.0, 157.0);
    /// Metrics that the proxy logs each minute, and kinds of errors that happen in a month.
    pub const PROXY_METRICS: (f64, f64) = (8.0, 2.0);
    /// Alarms that AWS creates per scaling policy: scale out and scale in.
    pub const ALARMS_OF_SCALING: u32 = 2;
    /// GB per hour and new connections per second of a load balancer capacity unit.
    pub const LCU: (f64, f64) = (1.0, 25.0);

    /// Returns the assumptions as lines.
    pub fn sentences(&self) -> Vec<String> {
        let (images, tests, builds) = Self::BUILD_MINUTES;
        vec![
            format!(
                "{} million requests per month (--requests), in dev and staging {}",
                self.requests,
                self.requests / 10.0
            ),
            format!(
                "per request {} kB sent and {} kB logged; {} requests per connection",
                Self::SENT_KB,
                Self::LOGGED_KB,
                Self::PER_CONNECTION
            ),
            format!(
                "{} pushes per month (--pushes), a tenth released; image builds {images}",
                self.pushes
            ),
            format!(
                "minutes, tests {tests}, other builds {builds}, other actions {}",
                Self::ACTION_MINUTES
            ),
            format!(
                "{} MB per image; per cluster {} GB outbound and {} GB flow log",
                Self::IMAGE_MB,
                Self::CLUSTER_GB,
                Self::CLUSTER_GB
            ),
            format!(
                "Container Insights: {} metrics per cluster, {} per service; enhanced:",
                Self::METRICS.0,
                Self::METRICS.1
            ),
            format!(
                "{} per cluster, {} per running task",
                Self::ENHANCED_METRICS.0,
                Self::ENHANCED_METRICS.1
            ),
        ]
    }
}
