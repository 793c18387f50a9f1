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

fn admit(method: &str, target: &str, fields: &[(&str, &str)]) -> Result<Admitted, Refusal> {
    rules().admit(&mut head(method, target, Version::HTTP_11, fields))
}

#[test]
fn host_is_there_once_and_valid() {
    let ok = Ok(Admitted {
        last_on_connection: false,
    });
    assert_eq!(admit("GET", "/", &[("host", "a.example")]), ok);
    assert_eq!(admit("GET", "/", &[]), Err(Refusal::HostMissing));
    assert_eq!(
        admit("GET", "/", &[("host", "a"), ("host", "a")]),
        Err(Refusal::HostRepeated)
    );
    assert_eq!(admit("GET", "/", &[("host", "")]), Err(Refusal::HostSyntax));
    assert_eq!(admit("GET", "/", &[("host", "a, b")]), Err(Refusal::HostSyntax));
    assert_eq!(admit("GET", "http://a/", &[]), Err(Refusal::HostMissing));
}

#[test]
fn old_clients_get_a_host() {
    let mut parts = head("GET", "/", Version::HTTP_10, &[]);
    rules().admit(&mut parts).expect("HTTP/1.0 needs no Host");
    assert_eq!(parts.headers[HOST], "localhost");
}

#[test]
fn an_absolute_target_decides_the_host() {
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
        Err(Refusal::TargetAuthority)
    );
    // A valid target does not hide an invalid Host.
    assert_eq!(
        admit("GET", "http://real/", &[("host", "@")]),
        Err(Refusal::HostSyntax)
    );
}

#[test]
fn http2_names_its_host_in_the_target() {
    let mut parts = head("GET", "http://a.example/x", Version::HTTP_2, &[]);
    rules().admit(&mut parts).expect("the authority is enough");
    assert_eq!(parts.headers[HOST], "a.example");
    assert_eq!(parts.uri, "/x");
}

#[test]
fn forms_and_methods() {
    let host = [("host", "a")];
    assert!(admit("OPTIONS", "*", &host).is_ok());
    assert_eq!(admit("GET", "*", &host), Err(Refusal::TargetForm));
    assert_eq!(admit("GET", "a:80", &host), Err(Refusal::TargetForm));
    assert_eq!(admit("CONNECT", "a:80", &host), Err(Refusal::Method));
    assert_eq!(admit("TRACE", "/", &host), Err(Refusal::Method));
    assert_eq!(admit("DELETE", "/", &host), Err(Refusal::Method));
    assert_eq!(admit("get", "/", &host), Err(Refusal::Method));
    assert_eq!(admit("GET", "/%0", &host), Err(Refusal::TargetEscape));
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
    assert_eq!(post(&[("content-length", "1025")]), Err(Refusal::BodyTooLarge));
    assert_eq!(post(&[("content-length", "+1")]), Err(Refusal::ContentLength));
    assert_eq!(
        post(&[("content-length", "99999999999999999999")]),
        Err(Refusal::ContentLength)
    );
    assert_eq!(
        post(&[("content-length", "1"), ("content-length", "1")]),
        Err(Refusal::ContentLengthRepeated)
    );
    assert_eq!(
        post(&[("content-length", "1"), ("transfer-encoding", "chunked")]),
        Err(Refusal::LengthAndCoding)
    );
    assert_eq!(
        post(&[("expect", "100-Continue")]).map(|admitted| admitted.last_on_connection),
        Ok(false)
    );
    assert_eq!(post(&[("expect", "200-ok")]), Err(Refusal::Expectation));
}

#[test]
fn a_get_with_a_body_is_the_last_on_its_connection() {
    let last = |fields| admit("GET", "/", fields).map(|admitted| admitted.last_on_connection);
    assert_eq!(last(&[("host", "a"), ("content-length", "5")]), Ok(true));
    assert_eq!(last(&[("host", "a"), ("transfer-encoding", "chunked")]), Ok(true));
    assert_eq!(last(&[("host", "a"), ("content-length", "0")]), Ok(false));
}

#[test]
fn rules_that_cannot_be() {
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
        Refusal::BareLf,
        Refusal::BareCr,
        Refusal::Nul,
        Refusal::ControlByte,
        Refusal::EmptyLines,
        Refusal::RequestLine,
        Refusal::MethodSyntax,
        Refusal::VersionSyntax,
        Refusal::Version,
        Refusal::TargetTooLong,
        Refusal::TargetByte,
        Refusal::TargetEscape,
        Refusal::TargetNul,
        Refusal::TargetFragment,
        Refusal::TargetForm,
        Refusal::TargetAuthority,
        Refusal::FieldColon,
        Refusal::FieldName,
        Refusal::FieldFolded,
        Refusal::HeadTooLarge,
        Refusal::TooManyFields,
        Refusal::ContentLength,
        Refusal::ContentLengthRepeated,
        Refusal::LengthAndCoding,
        Refusal::CodingInHttp10,
        Refusal::Coding,
        Refusal::CodingUnknown,
        Refusal::FramingDisguised,
        Refusal::ChunkSize,
        Refusal::ChunkExtension,
        Refusal::ChunkEnd,
        Refusal::TrailersTooLarge,
        Refusal::HostMissing,
        Refusal::HostRepeated,
        Refusal::HostSyntax,
        Refusal::Method,
        Refusal::Expectation,
        Refusal::BodyTooLarge,
        Refusal::HeadTimeout,
        Refusal::BodyTimeout,
        Refusal::RateLimited,
        Refusal::Overloaded,
        Refusal::TooManyConnections,
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
