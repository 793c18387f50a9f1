//! Credentials, region and HTTP client.
//!
//! The EC2 metadata service, the last credentials provider, gets one attempt of half a second, since it does not exist on
//! laptops. It is never asked for a region.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds;
use aws_config::meta::region::ProvideRegion as _;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_cloudformation::config::{ProvideCredentials as _, SharedCredentialsProvider, SharedHttpClient};

use super::sign_in::credentials_error;
use super::{AwsError, Cloud, Limited, RateLimiter, http};

/// Credentials selection of the command line.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--region`.
    pub region: Option<String>,
}

/// Loaded credentials and the client to use them.
pub struct Access {
    login: Login,
    credentials: SharedCredentialsProvider,
    http: SharedHttpClient,
    default_region: Option<Region>,
    endpoint: Option<String>,
    /// Backoff before the first retry of a throttled call; it doubles with each retry.
    backoff: Duration,
    /// Number of this session in the process.
    session: usize,
}

fn next_session() -> usize {
    static SESSIONS: AtomicUsize = AtomicUsize::new(0);
    SESSIONS.fetch_add(1, Ordering::Relaxed)
}

/// Backoff for real AWS throttling.
const BACKOFF: Duration = Duration::from_millis(500);

/// Attempts per call.
const ATTEMPTS: u32 = 6;

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// The caller's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Account id, twelve digits.
    pub account: String,
    /// Principal ARN.
    pub arn: String,
}

impl Access {
    /// Loads credentials without verifying them; [`Self::identity`] does that.
    ///
    /// # Errors
    /// Missing or unusable credentials.
    pub async fn open(login: Login) -> Result<Self, AwsError> {
        let http = http::client(login.profile.as_deref()).await?;
        let default_region = match &login.region {
            Some(region) => Some(Region::new(region.clone())),
            None => region_of(&login).await,
        };
        let config = ProviderConfig::without_region()
            .with_http_client(http.clone())
            .with_behavior_version(Some(BehaviorVersion::latest()))
            .with_region(default_region.clone());
        let metadata = imds::Client::builder()
            .configure(&config)
            .max_attempts(1)
            .connect_timeout(Duration::from_millis(500))
            .read_timeout(Duration::from_millis(500))
            .build();
        // SSO and assumed roles need a region only if the profile has none.
        let fallback = default_region.clone().unwrap_or(Region::from_static("us-east-1"));
        let mut chain = DefaultCredentialsChain::builder()
            .configure(config)
            .region(fallback)
            .imds_client(metadata);
        if let Some(profile) = &login.profile {
            chain = chain.profile_name(profile);
        }
        let credentials = SharedCredentialsProvider::new(chain.build().await);
        if let Err(error) = credentials.provide_credentials().await {
            let profile = login.profile.or_else(|| std::env::var("AWS_PROFILE").ok());
            return Err(credentials_error(&error, profile));
        }
        Ok(Self {
            login,
            credentials,
            http,
            default_region,
            endpoint: None,
            backoff: BACKOFF,
            session: next_session(),
        })
    }

    /// Creates access to a mock of AWS, with fixed credentials and short backoff.
    pub fn mock(endpoint: &str, region: &str) -> Self {
        let keys = "[default]\naws_access_key_id = mock\naws_secret_access_key = mock\n";
        let files = EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Credentials, keys)
            .build();
        let http = http::direct();
        let config = ProviderConfig::without_region().with_http_client(http.clone());
        let credentials = ProfileFileCredentialsProvider::builder()
            .profile_files(files)
            .configure(&config)
            .build();
        Self {
            login: Login::default(),
            credentials: SharedCredentialsProvider::new(credentials),
            http,
            default_region: Some(Region::new(region.to_owned())),
            endpoint: Some(endpoint.to_owned()),
            backoff: Duration::from_millis(5),
            session: next_session(),
        }
    }

    /// Returns the region: settings, then command line, then environment and profile.
    ///
    /// # Errors
    /// If none of them sets one.
    pub fn region(&self, settings: Option<&str>) -> Result<String, AwsError> {
        settings
            .map(ToOwned::to_owned)
            .or_else(|| self.default_region.as_ref().map(ToString::to_string))
            .ok_or(AwsError::NoRegion)
    }

    /// Calls STS, which detects network and credential problems early.
    ///
    /// # Errors
    /// AWS is unreachable or rejects the credentials.
    pub async fn identity(&self, region: &str) -> Result<Identity, AwsError> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_millis(1500))
            .read_timeout(Duration::from_secs(5))
            .build();
        let config = self.config(region, RetryConfig::disabled(), timeouts).await;
        // Only throttling is retried; a missing network is reported immediately.
        let mut pause = self.backoff;
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            let sts = aws_sdk_sts::Client::new(&config);
            let error = match sts.get_caller_identity().send().await {
                Ok(who) => {
                    return Ok(Identity {
                        account: who.account.unwrap_or_default(),
                        arn: who.arn.unwrap_or_default(),
                    });
                }
                Err(error) => AwsError::of("GetCallerIdentity", &error),
            };
            match error {
                AwsError::Throttled { .. } if left > 0 => tokio::time::sleep(pause).await,
                AwsError::Unreachable(why) => {
                    return Err(AwsError::Unreachable(format!("{why} (asked STS in {region})")));
                }
                error => return Err(error),
            }
            pause *= 2;
        }
    }

    /// Creates the clients of a region.
    pub async fn cloud(&self, region: &str) -> Cloud {
        // The SDK retries throttled calls with exponential backoff and jitter.
        let retry = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(self.backoff);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .read_timeout(Duration::from_secs(30))
            .build();
        let config = self.config(region, retry, timeouts).await;
        // The SDK shares its retry quota between all clients of a process; sessions must not use up each other's.
        macro_rules! client {
            ($sdk:ident, $limiter:expr) => {
                Limited {
                    client: $sdk::Client::from_conf(
                        $sdk::config::Builder::from(&config)
                            .retry_partition($sdk::config::retry::RetryPartition::new(format!(
                                "{}-{region}-{}",
                                stringify!($sdk),
                                self.session
                            )))
                            .build(),
                    ),
                    limiter: Arc::clone($limiter),
                }
            };
        }
        // AWS counts CloudFormation's calls separately.
        let stacks = Arc::new(RateLimiter::of_formation());
        let others = Arc::new(RateLimiter::of_others());
        Cloud {
            region: region.to_owned(),
            stacks: client!(aws_sdk_cloudformation, &stacks),
            parameters: client!(aws_sdk_ssm, &others),
            services: client!(aws_sdk_ecs, &others),
            images: client!(aws_sdk_ecr, &others),
            logs: client!(aws_sdk_cloudwatchlogs, &others),
            alarms: client!(aws_sdk_cloudwatch, &others),
            pipelines: client!(aws_sdk_codepipeline, &others),
            builds: client!(aws_sdk_codebuild, &others),
            connections: client!(aws_sdk_codeconnections, &others),
            roles: client!(aws_sdk_iam, &others),
            secrets: client!(aws_sdk_secretsmanager, &others),
            quotas: client!(aws_sdk_servicequotas, &others),
            zones: client!(aws_sdk_route53, &others),
        }
    }

    async fn config(&self, region: &str, retry: RetryConfig, timeouts: TimeoutConfig) -> SdkConfig {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .region(Region::new(region.to_owned()))
            .credentials_provider(self.credentials.clone())
            .retry_config(retry)
            .timeout_config(timeouts);
        if let Some(profile) = &self.login.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &self.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        loader.load().await
    }
}

/// Returns the region of the environment or the profile.
async fn region_of(login: &Login) -> Option<Region> {
    // An explicit profile takes precedence over the environment, as for credentials.
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &login.profile {
        profile = profile.profile_name(name);
    }
    match EnvironmentVariableRegionProvider::new().region().await {
        Some(region) => Some(region),
        None => profile.build().region().await,
    }
}
