//! HTTP client of the SDK: proxies and certificate authorities as in the AWS CLI.
//!
//! Reads `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` in either case. `AWS_CA_BUNDLE`, else `ca_bundle` of the profile,
//! replaces the system's certificates.

use std::path::Path;

use aws_config::profile;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_cloudformation::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_types::os_shim_internal::{Env, Fs};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::AwsError;

/// Creates the client that environment and profile configure.
///
/// # Errors
/// The certificate file cannot be read or has no certificates.
pub(super) async fn client(profile: Option<&str>) -> Result<SharedHttpClient, AwsError> {
    let trust = match ca_bundle(profile).await {
        Some(file) => trust_only(&file)?,
        None => TrustStore::default(),
    };
    Ok(build(trust, proxy()))
}

/// Creates a client for a local mock.
pub(super) fn direct() -> SharedHttpClient {
    build(TrustStore::default(), ProxyConfig::disabled())
}

/// Returns the proxy of the environment. `NO_PROXY=*` includes IP addresses, as in the AWS CLI.
fn proxy() -> ProxyConfig {
    let everything = |name| std::env::var(name).is_ok_and(|value: String| value.trim() == "*");
    if everything("NO_PROXY") || everything("no_proxy") {
        ProxyConfig::disabled()
    } else {
        ProxyConfig::from_env()
    }
}

fn build(trust: TrustStore, proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().proxy_config(proxy.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        let connector = connector.tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring));
        // Building a context does not fail; the default is a safe fallback.
        match TlsContext::builder().with_trust_store(trust.clone()).build() {
            Ok(context) => connector.tls_context(context).build(),
            Err(_) => connector.build(),
        }
    })
}

/// Returns the configured certificate file.
async fn ca_bundle(profile: Option<&str>) -> Option<String> {
    let set = |value: String| (!value.is_empty()).then_some(value);
    if let Some(file) = std::env::var("AWS_CA_BUNDLE").ok().and_then(set) {
        return Some(file);
    }
    let chosen = profile.map(|name| name.to_owned().into());
    let files = EnvConfigFiles::default();
    // An unreadable profile file is reported by the credentials provider.
    let profiles = profile::load(&Fs::real(), &Env::real(), &files, chosen)
        .await
        .ok()?;
    profiles.get("ca_bundle").map(ToOwned::to_owned).and_then(set)
}

/// Trusts only the certificates of a file. Unparsable ones are skipped, as in OpenSSL.
fn trust_only(file: &str) -> Result<TrustStore, AwsError> {
    let broken = |reason: String| AwsError::BrokenTrust {
        file: file.to_owned(),
        reason,
    };
    let text = fs_err::read_to_string(Path::new(file)).map_err(|error| broken(error.to_string()))?;
    let mut store = TrustStore::empty();
    let mut found = false;
    for certificate in certificates(&text) {
        store = store.with_pem_certificate(certificate);
        found = true;
    }
    if found {
        Ok(store)
    } else {
        Err(broken("no PEM certificate found".to_owned()))
    }
}

/// Returns the usable certificates of a PEM file.
fn certificates(text: &str) -> impl Iterator<Item = &[u8]> {
    const END: &str = "-----END CERTIFICATE-----";
    text.split_inclusive(END).filter_map(|piece| {
        let begin = piece.find("-----BEGIN CERTIFICATE-----")?;
        let pem = &piece.as_bytes()[begin..];
        let certificate = CertificateDer::from_pem_slice(pem).ok()?;
        RootCertStore::empty().add(certificate).ok()?;
        Some(pem)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn non_certificates_are_ignored() {
        let text = "# comment\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(text).count(), 0);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bundle.pem");
        fs_err::write(&file, text).unwrap();
        let error = trust_only(file.to_str().unwrap()).unwrap_err();
        assert!(error.to_string().ends_with("no PEM certificate found"), "{error}");
    }
}
