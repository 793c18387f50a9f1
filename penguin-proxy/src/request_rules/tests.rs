//! The rules, one table of heads each.

use http::Request;

use super::*;

fn rules() -> RequestRules {
    let methods = vec![Method::GET, Method::HEAD, Method::POST, Method::OPTIONS];
    RequestRules::new(methods, 1024, "localhost").expect("the rules are valid")
}

fn head(method: &str, target: &str, version: Version, fields: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(target).version(version);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).expect("a head").into_parts().0
}

fn admit(method: &str, target: &str, fields: &[(&str, &str)]) -> Result<Admitted, RejectReason> {
    rules().admit(&mut head(method, target, Version::HTTP_11, fields))
}

#[test]
fn host_is_required_once_and_valid() {
    let ok = Ok(Admitted {
        last_on_connection: false,
    });
    assert_eq!(admit("GET", "/", &[("host", "a.example")]), ok);
    assert_eq!(admit("GET", "/", &[]), Err(RejectReason::HostMissing));
    assert_eq!(
        admit("GET", "/", &[("host", "a"), ("host", "a")]),
        Err(RejectReason::HostRepeated)
    );
    assert_eq!(admit("GET", "/", &[("host", "")]), Err(RejectReason::HostSyntax));
    assert_eq!(
        admit("GET", "/", &[("host", "a, b")]),
        Err(RejectReason::HostSyntax)
    );
    assert_eq!(admit("GET", "http://a/", &[]), Err(RejectReason::HostMissing));
}

#[test]
fn http_1_0_request_without_host_gets_one() {
    let mut parts = head("GET", "/", Version::HTTP_10, &[]);
    rules().admit(&mut parts).expect("HTTP/1.0 needs no Host");
    assert_eq!(parts.headers[HOST], "localhost");
}

#[test]
fn absolute_target_sets_the_host() {
    let mut parts = head(
        "GET",
        "http://real.example:8080?q",
        Version::HTTP_11,
        &[("host", "other.example")],
    );
    rules().admit(&mut parts).expect("absolute targets are legal");
    assert_eq!(parts.headers[HOST], "real.example:8080");
    assert_eq!(parts.uri, "/?q");
    assert_eq!(
        admit("GET", "http://u@real/", &[("host", "real")]),
        Err(RejectReason::TargetAuthority)
    );
    // A valid target does not hide an invalid Host.
    assert_eq!(
        admit("GET", "http://real/", &[("host", "@")]),
        Err(RejectReason::HostSyntax)
    );
}

#[test]
fn http2_authority_becomes_host() {
    let mut parts = head("GET", "http://a.example/x", Version::HTTP_2, &[]);
    rules().admit(&mut parts).expect("the authority is enough");
    assert_eq!(parts.headers[HOST], "a.example");
    assert_eq!(parts.uri, "/x");
}

#[test]
fn forms_and_methods() {
    let host = [("host", "a")];
    assert!(admit("OPTIONS", "*", &host).is_ok());
    assert_eq!(admit("GET", "*", &host), Err(RejectReason::TargetForm));
    assert_eq!(admit("GET", "a:80", &host), Err(RejectReason::TargetForm));
    assert_eq!(admit("CONNECT", "a:80", &host), Err(RejectReason::Method));
    assert_eq!(admit("TRACE", "/", &host), Err(RejectReason::Method));
    assert_eq!(admit("DELETE", "/", &host), Err(RejectReason::Method));
    assert_eq!(admit("get", "/", &host), Err(RejectReason::Method));
    assert_eq!(admit("GET", "/%0", &host), Err(RejectReason::TargetEscape));
    assert_eq!(rules().allow(), "GET, HEAD, POST, OPTIONS");
}

#[test]
fn bodies() {
    let post = |fields: &[(&str, &str)]| {
        let mut all = vec![("host", "a")];
        all.extend_from_slice(fields);
        admit("POST", "/", &all)
    };
    assert!(post(&[("content-length", "1024")]).is_ok());
    assert_eq!(
        post(&[("content-length", "1025")]),
        Err(RejectReason::BodyTooLarge)
    );
    assert_eq!(
        post(&[("content-length", "+1")]),
        Err(RejectReason::ContentLength)
    );
    assert_eq!(
        post(&[("content-length", "99999999999999999999")]),
        Err(RejectReason::ContentLength)
    );
    assert_eq!(
        post(&[("content-length", "1"), ("content-length", "1")]),
        Err(RejectReason::ContentLengthRepeated)
    );
    assert_eq!(
        post(&[("content-length", "1"), ("transfer-encoding", "chunked")]),
        Err(RejectReason::LengthAndCoding)
    );
    assert_eq!(
        post(&[("expect", "100-Continue")]).map(|admitted| admitted.last_on_connection),
        Ok(false)
    );
    assert_eq!(post(&[("expect", "200-ok")]), Err(RejectReason::Expectation));
}

#[test]
fn get_with_body_closes_its_connection() {
    let last = |fields| admit("GET", "/", fields).map(|admitted| admitted.last_on_connection);
    assert_eq!(last(&[("host", "a"), ("content-length", "5")]), Ok(true));
    assert_eq!(last(&[("host", "a"), ("transfer-encoding", "chunked")]), Ok(true));
    assert_eq!(last(&[("host", "a"), ("content-length", "0")]), Ok(false));
}

#[test]
fn invalid_rules_are_rejected() {
    let refused = |methods, host| {
        RequestRules::new(methods, 1, host)
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(refused(vec![Method::TRACE], "a"), @"TRACE cannot be allowed: this proxy never forwards it");
    insta::assert_snapshot!(refused(vec![], "a"), @"no methods are allowed: name at least one, such as GET");
    insta::assert_snapshot!(refused(vec![Method::GET], "a b"), @"`a b` is not a host with an optional port");
}

#[test]
fn codes_are_unique_and_plain() {
    let all = [
        RejectReason::BareLf,
        RejectReason::BareCr,
        RejectReason::Nul,
        RejectReason::ControlByte,
        RejectReason::EmptyLines,
        RejectReason::RequestLine,
        RejectReason::MethodSyntax,
        RejectReason::VersionSyntax,
        RejectReason::Version,
        RejectReason::TargetTooLong,
        RejectReason::TargetByte,
        RejectReason::TargetEscape,
        RejectReason::TargetNul,
        RejectReason::TargetFragment,
        RejectReason::TargetForm,
        RejectReason::TargetAuthority,
        RejectReason::FieldColon,
        RejectReason::FieldName,
        RejectReason::FieldFolded,
        RejectReason::HeadTooLarge,
        RejectReason::TooManyFields,
        RejectReason::ContentLength,
        RejectReason::ContentLengthRepeated,
        RejectReason::LengthAndCoding,
        RejectReason::CodingInHttp10,
        RejectReason::Coding,
        RejectReason::CodingUnknown,
        RejectReason::FramingDisguised,
        RejectReason::ChunkSize,
        RejectReason::ChunkExtension,
        RejectReason::ChunkEnd,
        RejectReason::TrailersTooLarge,
        RejectReason::HostMissing,
        RejectReason::HostRepeated,
        RejectReason::HostSyntax,
        RejectReason::Method,
        RejectReason::Expectation,
        RejectReason::BodyTooLarge,
        RejectReason::HeadTimeout,
        RejectReason::BodyTimeout,
        RejectReason::RateLimited,
        RejectReason::Overloaded,
        RejectReason::TooManyConnections,
    ];
    let lines: Vec<String> = all
        .iter()
        .map(|refusal| {
            let end = if refusal.closes() { "close" } else { "keep" };
            format!("{} {} {end}", refusal.code(), refusal.status().as_u16())
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
    let codes: std::collections::BTreeSet<&str> = all.iter().map(|refusal| refusal.code()).collect();
    assert_eq!(codes.len(), all.len());
}
