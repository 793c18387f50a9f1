//! What no template says: how many visitors come, how large pages are, how often somebody pushes. Told with every
//! estimate, so that nobody takes it for knowledge.

/// What an estimate assumes.
#[derive(Clone, Copy, Debug)]
pub struct Assumptions {
    /// Millions of requests a month in prod; dev and staging get a tenth of them each.
    pub requests: f64,
    /// Pushes a month to the dev branch; a tenth of them become releases.
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
    /// Kilobytes that a request sends to a visitor, on average.
    pub const SENT_KB: f64 = 20.0;
    /// Kilobytes that a request writes to the logs of both containers and of the load balancer.
    pub const LOGGED_KB: f64 = 1.0;
    /// Requests that come over one connection.
    pub const PER_CONNECTION: f64 = 5.0;
    /// GB a month that a cluster's flow log takes up, and that its tasks fetch from outside, besides their logs.
    pub const CLUSTER_GB: f64 = 1.0;
    /// MB of an image in its repository, compressed.
    pub const IMAGE_MB: f64 = 10.0;
    /// MB of artifacts that an execution of a pipeline leaves for a month.
    pub const ARTIFACTS_MB: f64 = 20.0;
    /// Minutes of a build of images, of a build of templates, and of any other action but an approval.
    pub const MINUTES: (f64, f64, f64) = (8.0, 2.0, 3.0);
    /// Metrics of container insights: per cluster, and per service with its task definition.
    pub const METRICS: (f64, f64) = (8.0, 17.0);
    /// Metrics of enhanced container insights: per cluster, and per running task with its service.
    pub const ENHANCED_METRICS: (f64, f64) = (23.0, 157.0);
    /// Alarms that AWS makes for a policy of scaling: one to start tasks, one to stop them.
    pub const ALARMS_OF_SCALING: u32 = 2;
    /// GB that a unit of a load balancer's capacity carries in an hour, and connections that it opens in a second.
    pub const LCU: (f64, f64) = (1.0, 25.0);

    /// In sentences, a line each.
    pub fn sentences(&self) -> Vec<String> {
        let (images, templates, others) = Self::MINUTES;
        vec![
            format!(
                "prod has {} million requests a month (--requests), dev and staging {}",
                self.requests,
                self.requests / 10.0
            ),
            format!(
                "a request sends {} kB and logs {} kB; {} come over a connection",
                Self::SENT_KB,
                Self::LOGGED_KB,
                Self::PER_CONNECTION
            ),
            format!(
                "{} pushes a month (--pushes), a tenth of them released; images take {images}",
                self.pushes
            ),
            format!("minutes to build, templates {templates}, other actions {others}"),
            format!(
                "an image has {} MB; a cluster fetches {} GB and logs {} GB of its traffic",
                Self::IMAGE_MB,
                Self::CLUSTER_GB,
                Self::CLUSTER_GB
            ),
            format!(
                "container insights: {} metrics a cluster and {} a service; enhanced,",
                Self::METRICS.0,
                Self::METRICS.1
            ),
            format!(
                "{} a cluster and {} a running task",
                Self::ENHANCED_METRICS.0,
                Self::ENHANCED_METRICS.1
            ),
        ]
    }
}
