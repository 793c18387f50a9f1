//! When the load balancer is told to send requests: what the app says of itself, where it is asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::absent_app::{fill, never_accepting};
use crate::stage::{App, Proxy, eventually};

/// An app whose health check is answered with what the test says; nothing is said while that is empty. Counts how
/// often it was asked.
fn app(says: &Arc<Mutex<&'static str>>) -> (App, Arc<AtomicUsize>) {
    let asked: Arc<AtomicUsize> = Arc::default();
    let (says, count) = (Arc::clone(says), Arc::clone(&asked));
    let app = App::scripted(move |mut connection| {
        while let Some(request) = connection.request() {
            let status = match request.target() {
                "/up" => {
                    count.fetch_add(1, Ordering::SeqCst);
                    *says.lock().unwrap()
                }
                _ => "200 OK",
            };
            if status.is_empty() {
                connection.closed();
                return;
            }
            connection.answer(status, "said");
        }
    });
    (app, asked)
}

fn proxy(app: &App) -> Proxy {
    Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.upstream_health_path = "/up".into();
    })
}

#[test]
fn release_is_told_by_the_health_check_alone() {
    let (app, _) = app(&Arc::new(Mutex::new("200 OK")));
    let release = |name: &'static str| {
        let proxy = Proxy::with(|arguments| {
            arguments.upstream = app.address.to_string();
            arguments.upstream_health_path = "/up".into();
            arguments.release = name.into();
        });
        proxy.ready();
        let told = |path| proxy.get(path).field("x-release").map(str::to_owned);
        (told("/healthz/ready"), told("/"))
    };
    assert_eq!(release("4f2a9c0"), (Some("4f2a9c0".to_owned()), None));
    assert_eq!(release("off"), (None, None));
}

#[test]
fn release_is_told_while_not_ready() {
    let says = Arc::new(Mutex::new("503 Service Unavailable"));
    let (app, _) = app(&says);
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.upstream_health_path = "/up".into();
        arguments.release = "4f2a9c0".into();
    });
    let health = proxy.get("/healthz/ready");
    assert_eq!((health.status, health.field("x-release")), (503, Some("4f2a9c0")));
}

#[test]
fn not_ready_before_the_first_successful_health_check() {
    let says = Arc::new(Mutex::new("503 Service Unavailable"));
    let (app, asked) = app(&says);
    let proxy = proxy(&app);
    eventually("it is asked", || asked.load(Ordering::SeqCst) >= 3);
    let health = proxy.get("/healthz/ready");
    assert_eq!(
        (health.status, health.text().as_str()),
        (503, "not ready: the app has not been reachable yet\n")
    );
    assert_eq!(proxy.get("/").status, 200, "what does come is passed on");
    for silent in ["", "404 Not Found", "100 Continue"] {
        *says.lock().unwrap() = silent;
        let before = asked.load(Ordering::SeqCst);
        eventually("it is asked again", || asked.load(Ordering::SeqCst) >= before + 2);
        assert_eq!(proxy.get("/healthz/ready").status, 503, "{silent:?}");
    }
    *says.lock().unwrap() = "302 Found";
    proxy.ready();
}

#[test]
fn slow_health_response_does_not_mean_unhealthy() {
    let says = Arc::new(Mutex::new("204 No Content"));
    let (app, asked) = app(&says);
    let proxy = proxy(&app);
    proxy.ready();
    *says.lock().unwrap() = "";
    let before = asked.load(Ordering::SeqCst);
    // Each of these waits for its answer in vain.
    eventually("it is asked again", || asked.load(Ordering::SeqCst) >= before + 3);
    assert_eq!(proxy.metric("penguin_proxy_ready"), 1);
    assert_eq!(proxy.get("/healthz/ready").text(), "ready\n");
}

#[test]
fn unhealthy_app_becomes_not_ready() {
    let says = Arc::new(Mutex::new("200 OK"));
    let (app, _) = app(&says);
    let proxy = proxy(&app);
    proxy.ready();
    *says.lock().unwrap() = "500 Internal Server Error";
    eventually("the load balancer is told", || {
        proxy.get("/healthz/ready").status == 503
    });
    assert_eq!(
        proxy.get("/healthz/ready").text(),
        "not ready: the app is unhealthy\n"
    );
    *says.lock().unwrap() = "200 OK";
    proxy.ready();
}

/// Longer than an app that is gone is waited for.
#[test]
fn full_accept_queue_does_not_mean_unreachable() {
    let busy = never_accepting();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = busy.local_addr().unwrap().as_socket().unwrap().to_string();
    });
    proxy.ready();
    let _full = fill(&busy);
    let end = Instant::now() + Duration::from_secs(12);
    let mut load_balancer = proxy.connect();
    eventually("the time is over", || {
        assert_eq!(load_balancer.get("/healthz/ready").text(), "ready\n");
        Instant::now() > end
    });
    drop(busy);
    eventually("an app that is gone is told of", || {
        proxy.get("/healthz/ready").status == 503
    });
}
