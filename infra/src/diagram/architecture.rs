//! Architecture diagram as SVG: internet, a card per network, shared resources.
//!
//! The path of a request is a straight line: load balancer, proxy, app.

use super::picture::{Font, Picture, Place, width_of};
use super::words;
use crate::inventory::{App, Cluster, Inventory};

const WIDTH: i32 = 900;
const MARGIN: i32 = 24;
/// Padding of a card; contains the lines of outbound traffic.
const GUTTER: i32 = 25;
const CARD_GAP: i32 = 18;
const COLUMN_GAP: i32 = 14;
/// Position of the request path in a column, from the right edge.
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

/// Draws the diagram.
pub(super) fn draw(inventory: &Inventory) -> Picture {
    let mut picture = Picture::new(
        WIDTH,
        HEIGHT,
        "Penguin School: architecture on AWS",
        description(inventory),
    );
    picture.left((MARGIN, 40), Font::Title, 500, "Penguin School on AWS");
    picture.right(
        (WIDTH - MARGIN, 40),
        Font::Soft,
        330,
        "one account, one region; from infra diagram",
    );
    picture.rect(Place::new(MARGIN, BAND, WIDTH - 2 * MARGIN, BAND_HEIGHT), "mark");
    picture.center((WIDTH / 2, BAND + 22), Font::Name, 300, "internet");

    let columns = i32::try_from(inventory.apps.len()).unwrap_or(1).max(1);
    let cards = i32::try_from(inventory.clusters.len()).unwrap_or(1).max(1);
    let inner =
        WIDTH - 2 * MARGIN - (cards - 1) * CARD_GAP - cards * 2 * GUTTER - (columns - cards) * COLUMN_GAP;
    let width = inner / columns;
    let mut x = MARGIN;
    for cluster in &inventory.clusters {
        let apps: Vec<&App> = inventory.apps_in(cluster.name).collect();
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
    shared(&mut picture, inventory);
    picture
}

fn card(picture: &mut Picture, cluster: &Cluster, apps: &[&App], place: Place, width: i32) {
    let left = place.x + GUTTER;
    let inner = place.width - 2 * GUTTER;
    // Width available beside the request path of the first column.
    let beside = width - WAY - 12;
    picture.rect(place, "card");
    picture.left((left, CARD + 24), Font::Head, beside, &cluster.stack);
    let size = format!(
        "{}, {}",
        cluster.cidr,
        words::counted(cluster.zones.len(), "zone")
    );
    picture.left((left, CARD + 43), Font::Soft, beside, &size);
    let lane = |y, height| Place::new(left - 10, y, inner + 20, height);
    picture.rect(lane(PUBLIC, PUBLIC_HEIGHT), "public");
    picture.left((left, PUBLIC + 21), Font::Soft, beside, "public subnets");
    picture.rect(lane(PRIVATE, PRIVATE_HEIGHT), "private");
    picture.left((left, PRIVATE + 21), Font::Soft, beside, "private subnets");

    public_zones(picture, cluster, left, beside);
    private_zones(picture, cluster, left, inner);
    for (app, column) in apps.iter().zip(0..) {
        installation(picture, app, left + column * (width + COLUMN_GAP), width);
    }
    if cluster.zones.iter().any(|zone| zone.nat) {
        calls_out(picture, place.x, left);
    }
}

/// Draws outbound traffic from tasks to the NAT gateway and along the card's edge to the internet.
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
        picture.center((x, place.y + 17), Font::Soft, most, &zone);
        picture.center((x, place.y + 34), voice, most, name);
    }
}

fn private_zones(picture: &mut Picture, cluster: &Cluster, left: i32, width: i32) {
    for (index, place) in row(cluster.zones.len(), Place::new(left, SUBNETS, width, ZONE_HEIGHT)) {
        picture.rect(place, "box");
        let (x, middle) = place.middle();
        let most = place.width - 6;
        let zone = format!("zone {}", index + 1);
        let addresses = &cluster.zones[index].private;
        // Omit truncated ranges.
        if width_of(addresses, Font::Soft) <= most {
            picture.center((x, place.y + 17), Font::Plain, most, &zone);
            picture.center((x, place.y + 34), Font::Soft, most, addresses);
        } else {
            picture.center((x, middle + 5), Font::Plain, most, &zone);
        }
    }
    let ways = words::ways_out(cluster);
    for (index, place) in row(ways.len(), Place::new(left, WAYS, width, WAYS_HEIGHT)) {
        picture.rect(place, "box");
        let (x, _) = place.middle();
        picture.center((x, place.y + 19), Font::Plain, place.width - 8, &ways[index]);
    }
}

/// Divides a place into `count` columns.
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
    picture.left(
        (x + 12, balancer.y + 22),
        Font::Name,
        width - WAY - 24,
        "load balancer",
    );
    picture.left(
        (x + 12, balancer.y + 42),
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
    picture.left(
        (x + 12, SERVICE + 25),
        Font::Head,
        beside,
        app.environment.as_str(),
    );
    for (line, y) in words::service(app).iter().zip((SERVICE + 47..).step_by(20)) {
        picture.left((x + 12, y), Font::Plain, beside, line);
    }
    let mut bottom = balancer.bottom();
    for ((name, port), top) in app.containers.iter().zip((SERVICE + 12..).step_by(68)) {
        let place = Place::new(way - WAY + 12, top, 2 * WAY - 24, 46);
        picture.rect(place, if top == SERVICE + 12 { "first" } else { "build" });
        picture.center((way, top + 20), Font::Name, place.width - 6, name);
        picture.center((way, top + 38), Font::Soft, place.width - 6, &format!(":{port}"));
        picture.arrow("way", &[(way, bottom), (way, top - 2)]);
        bottom = place.bottom();
    }
    picture.arrow("way", &[(way, BAND + BAND_HEIGHT), (way, BALANCER - 2)]);
}

fn shared(picture: &mut Picture, inventory: &Inventory) {
    let names: Vec<_> = inventory
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
    let logs = inventory.apps.iter().map(|app| app.log_days).collect();
    let access = inventory
        .clusters
        .iter()
        .filter_map(|cluster| cluster.access_log_days)
        .collect();
    let boxes = [
        (
            format!("images: {}", names.join(", ")),
            format!("last {} of each", inventory.foundation.images_kept),
        ),
        ("logs, encrypted".to_owned(), format!("kept {}", days(logs))),
        ("access logs in S3".to_owned(), format!("kept {}", days(access))),
        (
            words::counted(inventory.pipelines.len(), "pipeline"),
            "deliver to these stacks".to_owned(),
        ),
    ];
    let whole = Place::new(MARGIN, SHARED, WIDTH - 2 * MARGIN, SHARED_HEIGHT);
    for (index, place) in row(boxes.len(), whole) {
        let (name, more) = &boxes[index];
        picture.rect(place, "box");
        picture.left((place.x + 12, place.y + 25), Font::Name, place.width - 24, name);
        picture.left((place.x + 12, place.y + 45), Font::Soft, place.width - 24, more);
    }
    let y = SHARED - 11;
    let common = "shared by the environments";
    picture.left((MARGIN, y), Font::Soft, 400, common);
    for (class, words, x) in [("way", "requests", 632), ("out", "outbound traffic", 746)] {
        picture.arrow(class, &[(x - 42, y - 5), (x - 8, y - 5)]);
        picture.left((x, y), Font::Soft, 140, words);
    }
}

/// Describes the diagram in text, for screen readers.
fn description(inventory: &Inventory) -> String {
    let clusters: Vec<_> = inventory
        .clusters
        .iter()
        .map(|cluster| {
            let gateways = cluster.zones.iter().filter(|zone| zone.nat).count();
            let apps: Vec<_> = inventory
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
        "Clients reach load balancers in public subnets. These reach only the proxy of each task in private subnets, \
         and the proxy reaches the app. {}",
        clusters.join(" ")
    )
}
