//! The architecture, laid out by hand: the internet above, a card for each network, what they share below.
//!
//! The way of a request is one straight line: load balancer, proxy, app.

use super::picture::{Font, Picture, Place, Side, width_of};
use super::words;
use crate::facts::{App, Cluster, Facts};

const WIDTH: i32 = 900;
const MARGIN: i32 = 24;
/// Between a card's edge and what is in it; the lines of calls to the outside run here.
const GUTTER: i32 = 25;
const CARD_GAP: i32 = 18;
const COLUMN_GAP: i32 = 14;
/// Where in a column a request's way runs down, counted from its right edge.
const WAY: i32 = 50;

const BAND: i32 = 60;
const BAND_HEIGHT: i32 = 34;
const CARD: i32 = 124;
const PUBLIC: i32 = CARD + 54;
const BALANCER: i32 = PUBLIC + 30;
const BALANCER_HEIGHT: i32 = 54;
const ZONES: i32 = BALANCER + BALANCER_HEIGHT + 12;
const ZONE_HEIGHT: i32 = 42;
const PUBLIC_HEIGHT: i32 = ZONES + ZONE_HEIGHT + 12 - PUBLIC;
const PRIVATE: i32 = PUBLIC + PUBLIC_HEIGHT + 14;
const SERVICE: i32 = PRIVATE + 30;
const SERVICE_HEIGHT: i32 = 166;
const SUBNETS: i32 = SERVICE + SERVICE_HEIGHT + 16;
const WAYS: i32 = SUBNETS + ZONE_HEIGHT + 10;
const WAYS_HEIGHT: i32 = 28;
const PRIVATE_HEIGHT: i32 = WAYS + WAYS_HEIGHT + 12 - PRIVATE;
const CARD_HEIGHT: i32 = PRIVATE + PRIVATE_HEIGHT + 14 - CARD;
const SHARED: i32 = CARD + CARD_HEIGHT + 34;
const SHARED_HEIGHT: i32 = 60;
const HEIGHT: i32 = SHARED + SHARED_HEIGHT + MARGIN;

/// The picture.
pub(super) fn draw(facts: &Facts) -> Picture {
    let mut picture = Picture::new(
        WIDTH,
        HEIGHT,
        "Architecture of the Penguin School on AWS",
        told(facts),
    );
    picture.text(
        (MARGIN, 40),
        Side::Right,
        Font::Title,
        500,
        "The Penguin School on AWS",
    );
    picture.text(
        (WIDTH - MARGIN, 40),
        Side::Left,
        Font::Soft,
        330,
        "one account, one region; drawn by infra diagram",
    );
    picture.rect(Place::new(MARGIN, BAND, WIDTH - 2 * MARGIN, BAND_HEIGHT), "mark");
    picture.text(
        (WIDTH / 2, BAND + 22),
        Side::Both,
        Font::Name,
        300,
        "visitors, the internet",
    );

    let columns = i32::try_from(facts.apps.len()).unwrap_or(1).max(1);
    let cards = i32::try_from(facts.clusters.len()).unwrap_or(1).max(1);
    let inner =
        WIDTH - 2 * MARGIN - (cards - 1) * CARD_GAP - cards * 2 * GUTTER - (columns - cards) * COLUMN_GAP;
    let width = inner / columns;
    let mut x = MARGIN;
    for cluster in &facts.clusters {
        let apps: Vec<&App> = facts.apps_in(cluster.name).collect();
        let count = i32::try_from(apps.len()).unwrap_or(1).max(1);
        let whole = count * width + (count - 1) * COLUMN_GAP + 2 * GUTTER;
        card(
            &mut picture,
            cluster,
            &apps,
            Place::new(x, CARD, whole, CARD_HEIGHT),
            width,
        );
        x += whole + CARD_GAP;
    }
    shared(&mut picture, facts);
    picture
}

fn card(picture: &mut Picture, cluster: &Cluster, apps: &[&App], place: Place, width: i32) {
    let left = place.x + GUTTER;
    let inner = place.width - 2 * GUTTER;
    // What may be written beside the way of the first column's requests.
    let beside = width - WAY - 12;
    picture.rect(place, "card");
    picture.text((left, CARD + 24), Side::Right, Font::Head, beside, &cluster.stack);
    let size = format!(
        "{}, {}",
        cluster.cidr,
        words::counted(cluster.zones.len(), "zone")
    );
    picture.text((left, CARD + 43), Side::Right, Font::Soft, beside, &size);
    let lane = |y, height| Place::new(left - 10, y, inner + 20, height);
    picture.rect(lane(PUBLIC, PUBLIC_HEIGHT), "public");
    picture.text(
        (left, PUBLIC + 21),
        Side::Right,
        Font::Soft,
        beside,
        "public subnets",
    );
    picture.rect(lane(PRIVATE, PRIVATE_HEIGHT), "private");
    picture.text(
        (left, PRIVATE + 21),
        Side::Right,
        Font::Soft,
        beside,
        "private subnets",
    );

    public_zones(picture, cluster, left, beside);
    private_zones(picture, cluster, left, inner);
    for (app, column) in apps.iter().zip(0..) {
        installation(picture, app, left + column * (width + COLUMN_GAP), width);
    }
    if cluster.zones.iter().any(|zone| zone.nat) {
        calls_out(picture, place.x, left);
    }
}

/// From tasks to the NAT gateway, and from there to the internet, along the card's edge.
fn calls_out(picture: &mut Picture, edge: i32, left: i32) {
    let (tasks, gateway) = (SUBNETS + ZONE_HEIGHT / 2, ZONES + ZONE_HEIGHT / 2);
    let (near, far) = (edge + 11, edge + 6);
    picture.arrow(
        "out",
        &[
            (left, tasks),
            (near, tasks),
            (near, gateway + 8),
            (left, gateway + 8),
        ],
    );
    picture.arrow(
        "out",
        &[
            (left, gateway - 8),
            (far, gateway - 8),
            (far, BAND + BAND_HEIGHT + 2),
        ],
    );
}

fn public_zones(picture: &mut Picture, cluster: &Cluster, left: i32, width: i32) {
    for (index, place) in row(cluster.zones.len(), Place::new(left, ZONES, width, ZONE_HEIGHT)) {
        let nat = cluster.zones[index].nat;
        picture.rect(place, if nat { "box" } else { "none" });
        let (x, _) = place.middle();
        let zone = format!("zone {}", index + 1);
        let most = place.width - 6;
        let (name, voice) = if nat {
            ("NAT", Font::Name)
        } else {
            ("no NAT", Font::Soft)
        };
        picture.text((x, place.y + 17), Side::Both, Font::Soft, most, &zone);
        picture.text((x, place.y + 34), Side::Both, voice, most, name);
    }
}

fn private_zones(picture: &mut Picture, cluster: &Cluster, left: i32, width: i32) {
    for (index, place) in row(cluster.zones.len(), Place::new(left, SUBNETS, width, ZONE_HEIGHT)) {
        picture.rect(place, "box");
        let (x, middle) = place.middle();
        let most = place.width - 6;
        let zone = format!("zone {}", index + 1);
        let addresses = &cluster.zones[index].private;
        // A part of an address would say nothing.
        if width_of(addresses, Font::Soft) <= most {
            picture.text((x, place.y + 17), Side::Both, Font::Plain, most, &zone);
            picture.text((x, place.y + 34), Side::Both, Font::Soft, most, addresses);
        } else {
            picture.text((x, middle + 5), Side::Both, Font::Plain, most, &zone);
        }
    }
    let ways = words::ways_out(cluster);
    for (index, place) in row(ways.len(), Place::new(left, WAYS, width, WAYS_HEIGHT)) {
        picture.rect(place, "box");
        let (x, _) = place.middle();
        picture.text(
            (x, place.y + 19),
            Side::Both,
            Font::Plain,
            place.width - 8,
            &ways[index],
        );
    }
}

/// So many places beside each other.
fn row(count: usize, whole: Place) -> impl Iterator<Item = (usize, Place)> {
    const GAP: i32 = 8;
    let number = i32::try_from(count).unwrap_or(1).max(1);
    let width = (whole.width - (number - 1) * GAP) / number;
    (0..count).zip(0..).map(move |(index, column)| {
        (
            index,
            Place::new(whole.x + column * (width + GAP), whole.y, width, whole.height),
        )
    })
}

fn installation(picture: &mut Picture, app: &App, x: i32, width: i32) {
    let way = x + width - WAY;
    let balancer = Place::new(x, BALANCER, width, BALANCER_HEIGHT);
    picture.rect(balancer, "first");
    picture.text(
        (x + 12, balancer.y + 22),
        Side::Right,
        Font::Name,
        width - WAY - 24,
        "load balancer",
    );
    picture.text(
        (x + 12, balancer.y + 42),
        Side::Right,
        Font::Plain,
        width - 24,
        &words::listeners(app),
    );
    let service = Place::new(x, SERVICE, width, SERVICE_HEIGHT);
    // More than one task.
    if app.tasks.1 > 1 {
        picture.rect(Place::new(x + 6, SERVICE + 6, width, SERVICE_HEIGHT), "behind");
    }
    picture.rect(service, "box");
    let beside = width - 2 * WAY - 16;
    picture.text(
        (x + 12, SERVICE + 25),
        Side::Right,
        Font::Head,
        beside,
        app.environment.as_str(),
    );
    for (line, y) in words::service(app).iter().zip((SERVICE + 47..).step_by(20)) {
        picture.text((x + 12, y), Side::Right, Font::Plain, beside, line);
    }
    let mut bottom = balancer.bottom();
    for ((name, port), top) in app.containers.iter().zip((SERVICE + 12..).step_by(68)) {
        let place = Place::new(way - WAY + 12, top, 2 * WAY - 24, 46);
        picture.rect(place, if top == SERVICE + 12 { "first" } else { "build" });
        picture.text((way, top + 20), Side::Both, Font::Name, place.width - 6, name);
        picture.text(
            (way, top + 38),
            Side::Both,
            Font::Soft,
            place.width - 6,
            &format!(":{port}"),
        );
        picture.arrow("way", &[(way, bottom), (way, top - 2)]);
        bottom = place.bottom();
    }
    picture.arrow("way", &[(way, BAND + BAND_HEIGHT), (way, BALANCER - 2)]);
}

fn shared(picture: &mut Picture, facts: &Facts) {
    let names: Vec<_> = facts
        .foundation
        .repositories
        .iter()
        .map(|name| name.rsplit('/').next().unwrap_or(name))
        .collect();
    let days = |days: Vec<u32>| match (days.iter().min(), days.iter().max()) {
        (Some(least), Some(most)) if least == most => format!("{least} days"),
        (Some(least), Some(most)) => format!("{least} to {most} days"),
        _ => "none".to_owned(),
    };
    let logs = facts.apps.iter().map(|app| app.log_days).collect();
    let access = facts
        .clusters
        .iter()
        .filter_map(|cluster| cluster.access_log_days)
        .collect();
    let boxes = [
        (
            format!("images: {}", names.join(", ")),
            format!("the last {} of each", facts.foundation.images_kept),
        ),
        ("logs, encrypted".to_owned(), format!("kept {}", days(logs))),
        ("access logs in S3".to_owned(), format!("kept {}", days(access))),
        (
            words::counted(facts.pipelines.len(), "pipeline"),
            "bring images and template".to_owned(),
        ),
    ];
    let whole = Place::new(MARGIN, SHARED, WIDTH - 2 * MARGIN, SHARED_HEIGHT);
    for (index, place) in row(boxes.len(), whole) {
        let (name, more) = &boxes[index];
        picture.rect(place, "box");
        picture.text(
            (place.x + 12, place.y + 25),
            Side::Right,
            Font::Name,
            place.width - 24,
            name,
        );
        picture.text(
            (place.x + 12, place.y + 45),
            Side::Right,
            Font::Soft,
            place.width - 24,
            more,
        );
    }
    let y = SHARED - 11;
    let common = "what the environments have in common";
    picture.text((MARGIN, y), Side::Right, Font::Soft, 400, common);
    for (class, words, x) in [("way", "requests", 632), ("out", "calls to the outside", 746)] {
        picture.arrow(class, &[(x - 42, y - 5), (x - 8, y - 5)]);
        picture.text((x, y), Side::Right, Font::Soft, 140, words);
    }
}

/// The picture in sentences.
fn told(facts: &Facts) -> String {
    let clusters: Vec<_> = facts
        .clusters
        .iter()
        .map(|cluster| {
            let gateways = cluster.zones.iter().filter(|zone| zone.nat).count();
            let apps: Vec<_> = facts
                .apps_in(cluster.name)
                .map(|app| {
                    format!(
                        "{}: a load balancer ({}) in front of {}",
                        app.environment,
                        words::listeners(app),
                        words::service(app).join(", ")
                    )
                })
                .collect();
            format!(
                "{} in {} with {}. {}.",
                cluster.stack,
                words::counted(cluster.zones.len(), "zone"),
                words::counted(gateways, "NAT gateway"),
                apps.join("; ")
            )
        })
        .collect();
    format!(
        "Visitors reach load balancers in public subnets; these reach only the proxy of each task, in private subnets, \
         and the proxy reaches the app. {}",
        clusters.join(" ")
    )
}
