//! Who calls, and from where: credentials, region and the one HTTP client.
//!
//! The SDK's chain of providers ends with the metadata service of EC2, which does not exist on a laptop; there it
//! gets half a second and one attempt. A region is never asked for there.

use std::fmt;
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
use aws_smithy_http_client::tls;

use super::sign_in::credentials_fault;
use super::{Cloud, Fault, Pace};

/// What the person says about it; everything else comes from the environment and `~/.aws`.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// Profile to use, as `--profile` names it.
    pub profile: Option<String>,
    /// Region to use where the settings name none, as `--region` names it.
    pub region: Option<String>,
}

/// Credentials that were found, and the client to use them with.
pub struct Access {
    login: Login,
    credentials: SharedCredentialsProvider,
    http: SharedHttpClient,
    default_region: Option<Region>,
    endpoint: Option<String>,
    /// How long to wait before the first repetition of a call that was throttled; each further one waits twice as long.
    backoff: Duration,
}

/// What AWS' throttling wants, as far as anybody outside knows.
const BACKOFF: Duration = Duration::from_millis(500);

/// How often a call is made that AWS throttles.
const ATTEMPTS: u32 = 6;

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// Whom AWS takes us for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account, twelve digits.
    pub account: String,
    /// The principal.
    pub arn: String,
}

impl Access {
    /// Finds credentials, without asking AWS whether they are good: [`Self::identity`] does.
    ///
    /// # Errors
    /// No credentials, or such that cannot be used.
    pub async fn open(login: Login) -> Result<Self, Fault> {
        let http = http_client();
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
        // SSO and assumed roles need a region of their own only where the profile names none.
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
            return Err(credentials_fault(&error, profile));
        }
        Ok(Self {
            login,
            credentials,
            http,
            default_region,
            endpoint: None,
            backoff: BACKOFF,
        })
    }

    /// Access to a stand-in for AWS, which takes any credentials and, when it throttles, wants no more than politeness.
    pub fn stand_in(endpoint: &str, region: &str) -> Self {
        let keys = "[default]\naws_access_key_id = stand-in\naws_secret_access_key = stand-in\n";
        let files = EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Credentials, keys)
            .build();
        let http = http_client();
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
        }
    }

    /// The region: what `settings` say, else the person, else the environment and the profile.
    ///
    /// # Errors
    /// None of them names one.
    pub fn region(&self, settings: Option<&str>) -> Result<String, Fault> {
        settings
            .map(ToOwned::to_owned)
            .or_else(|| self.default_region.as_ref().map(ToString::to_string))
            .ok_or(Fault::NoRegion)
    }

    /// Asks AWS who we are; the quickest way to find out that the network or the credentials are no good.
    ///
    /// # Errors
    /// AWS cannot be reached in time, or does not accept the credentials.
    pub async fn identity(&self, region: &str) -> Result<Identity, Fault> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_millis(1500))
            .read_timeout(Duration::from_secs(5))
            .build();
        let config = self.config(region, RetryConfig::disabled(), timeouts).await;
        // Only throttling is worth asking again; a network that is not there must be told at once.
        let mut pause = self.backoff;
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            let answer = aws_sdk_sts::Client::new(&config)
                .get_caller_identity()
                .send()
                .await;
            let fault = match answer {
                Ok(who) => {
                    return Ok(Identity {
                        account: who.account.unwrap_or_default(),
                        arn: who.arn.unwrap_or_default(),
                    });
                }
                Err(error) => Fault::of("GetCallerIdentity", &error),
            };
            match fault {
                Fault::Throttled { .. } if left > 0 => tokio::time::sleep(pause).await,
                Fault::Unreachable(why) => {
                    return Err(Fault::Unreachable(format!("{why} (asked STS in {region})")));
                }
                fault => return Err(fault),
            }
            pause *= 2;
        }
    }

    /// The clients of a region.
    pub async fn cloud(&self, region: &str) -> Cloud {
        // Throttling is answered by waiting longer each time, with jitter; the SDK does both.
        let retry = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(self.backoff);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .read_timeout(Duration::from_secs(30))
            .build();
        let config = self.config(region, retry, timeouts).await;
        Cloud {
            region: region.to_owned(),
            stacks: aws_sdk_cloudformation::Client::new(&config),
            parameters: aws_sdk_ssm::Client::new(&config),
            services: aws_sdk_ecs::Client::new(&config),
            images: aws_sdk_ecr::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            alarms: aws_sdk_cloudwatch::Client::new(&config),
            pipelines: aws_sdk_codepipeline::Client::new(&config),
            builds: aws_sdk_codebuild::Client::new(&config),
            connections: aws_sdk_codeconnections::Client::new(&config),
            pace: std::sync::Arc::new(Pace::of_formation()),
            elsewhere: std::sync::Arc::new(Pace::of_others()),
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

fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https()
}

/// The region that the environment or the profile names.
async fn region_of(login: &Login) -> Option<Region> {
    // An explicit profile outranks the environment, as it does for the credentials.
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &login.profile {
        profile = profile.profile_name(name);
    }
    match EnvironmentVariableRegionProvider::new().region().await {
        Some(region) => Some(region),
        None => profile.build().region().await,
    }
}
