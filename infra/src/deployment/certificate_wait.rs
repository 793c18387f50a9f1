//! Messages while CloudFormation waits for a certificate: ACM issues it once it sees a record in public DNS.

use std::time::{Duration, SystemTime};

use super::progress::{Progress, StackEvent};

const CERTIFICATE: &str = "AWS::CertificateManager::Certificate";

/// A validation that lasts longer is unusual.
const LONG: Duration = Duration::from_mins(10);

/// What is known of the certificate of a stack, and what the user has been told.
#[derive(Clone, Debug, Default)]
pub struct CertificateWait {
    /// Name and value of the CNAME record.
    record: Option<(String, String)>,
    told_start: bool,
    told_long: bool,
}

impl CertificateWait {
    /// Remembers the validation record, which CloudFormation reports as a status reason.
    pub fn absorb(&mut self, event: &StackEvent) {
        if event.kind == CERTIFICATE {
            let record = event.reason.as_deref().and_then(validation_record);
            self.record = record.or(self.record.take());
        }
    }

    /// Returns the next message, each once.
    pub fn message(&mut self, progress: &Progress, now: SystemTime) -> Option<String> {
        let waiting = |resource: &&super::progress::ResourceProgress| {
            resource.kind == CERTIFICATE && resource.status == "CREATE_IN_PROGRESS"
        };
        let took = progress
            .resources()
            .map(|(_, resource)| resource)
            .find(waiting)?
            .took(now);
        let stack = &progress.stack;
        if took > LONG && !self.told_long {
            (self.told_start, self.told_long) = (true, true);
            let minutes = took.as_secs() / 60;
            let record = self.record.as_ref().map_or_else(String::new, |(name, value)| {
                format!("; ACM looks for the CNAME record {name} with the value {value}")
            });
            return Some(format!(
                "{stack}: the certificate has been waiting for DNS validation for {minutes} min. `infra check` tells whether the \
                 hosted zone is delegated; after a correction at the registrar, the deployment continues by itself{record}"
            ));
        }
        if !self.told_start {
            self.told_start = true;
            return Some(format!(
                "{stack}: ACM validates the domain by DNS before it issues the certificate, usually within some minutes"
            ));
        }
        None
    }
}

/// Reads `… {Name: _x.penguins.example.,Type: CNAME,Value: _y.acm-validations.aws.}`.
fn validation_record(reason: &str) -> Option<(String, String)> {
    let value = |key: &str| {
        let (_, rest) = reason.split_once(key)?;
        let value = rest.split([',', '}']).next()?.trim().trim_end_matches('.');
        (!value.is_empty()).then(|| value.to_owned())
    };
    Some((value("Name:")?, value("Value:")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(second)
    }

    fn event(second: u64, status: &str, reason: Option<&str>) -> StackEvent {
        StackEvent {
            id: format!("{second}"),
            at: at(second),
            resource: "Certificate".into(),
            physical: None,
            kind: CERTIFICATE.into(),
            status: status.into(),
            reason: reason.map(ToOwned::to_owned),
            of_stack: false,
        }
    }

    #[test]
    fn waiting_is_explained_once_and_again_when_it_is_long() {
        let mut progress = Progress::new("ProdAppStack", at(0), None);
        let mut wait = CertificateWait::default();
        assert_eq!(wait.message(&progress, at(0)), None, "no certificate yet");
        let reason = "Content of DNS Record is: {Name: _0a.penguins.example.,Type: CNAME,Value: _1b.acm-validations.aws.}";
        for event in [
            event(10, "CREATE_IN_PROGRESS", None),
            event(12, "CREATE_IN_PROGRESS", Some(reason)),
            event(14, "CREATE_IN_PROGRESS", Some("Resource creation Initiated")),
        ] {
            progress.absorb(&event);
            wait.absorb(&event);
        }
        insta::assert_snapshot!(wait.message(&progress, at(15)).unwrap(), @"ProdAppStack: ACM validates the domain by DNS before it issues the certificate, usually within some minutes");
        assert_eq!(wait.message(&progress, at(300)), None);
        insta::assert_snapshot!(wait.message(&progress, at(700)).unwrap(), @"ProdAppStack: the certificate has been waiting for DNS validation for 11 min. `infra check` tells whether the hosted zone is delegated; after a correction at the registrar, the deployment continues by itself; ACM looks for the CNAME record _0a.penguins.example with the value _1b.acm-validations.aws");
        assert_eq!(wait.message(&progress, at(7000)), None);
    }

    #[test]
    fn issued_certificate_is_no_wait() {
        let mut progress = Progress::new("ProdAppStack", at(0), None);
        for event in [
            event(10, "CREATE_IN_PROGRESS", None),
            event(20, "CREATE_COMPLETE", None),
        ] {
            progress.absorb(&event);
        }
        assert_eq!(CertificateWait::default().message(&progress, at(900)), None);
    }
}
