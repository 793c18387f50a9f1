//! The pipelines, laid out by hand: a card for each, its stages from left to right, and the tag that goes from one to
//! the other.

use super::picture::{Font, Picture, Place, Side};
use super::words;
use crate::facts::{Action, ActionKind, Facts, Pipeline, Stage};

const WIDTH: i32 = 900;
const MARGIN: i32 = 24;
const PADDING: i32 = 20;
/// Between stages; arrows run here.
const GAP: i32 = 34;
const BOX_HEIGHT: i32 = 56;
const BOX_GAP: i32 = 14;
/// Above the actions of a stage: the card's heading, the stage's name.
const HEADING: i32 = 86;
/// Below them: what happens on a failure.
const FOOTING: i32 = 34;
const FIRST_CARD: i32 = 60;
/// Between the cards: the tag.
const CARD_GAP: i32 = 96;
const PILL_HEIGHT: i32 = 40;

/// The picture.
pub(super) fn draw(facts: &Facts) -> Picture {
    let heights: Vec<i32> = facts.pipelines.iter().map(height).collect();
    let gaps = CARD_GAP * i32::try_from(heights.len().saturating_sub(1)).unwrap_or(0);
    let whole = FIRST_CARD + heights.iter().sum::<i32>() + gaps + MARGIN;
    let mut picture = Picture::new(WIDTH, whole, "Pipelines of the Penguin School", told(facts));
    picture.text((MARGIN, 40), Side::Right, Font::Title, 500, "From a push to prod");
    picture.text(
        (WIDTH - MARGIN, 40),
        Side::Left,
        Font::Soft,
        330,
        "drawn by infra diagram pipelines",
    );
    let mut y = FIRST_CARD;
    let mut ends: Vec<TagEnd> = Vec::new();
    for (pipeline, height) in facts.pipelines.iter().zip(heights) {
        let place = Place::new(MARGIN, y, WIDTH - 2 * MARGIN, height);
        ends.extend(card(&mut picture, pipeline, place));
        y += height + CARD_GAP;
    }
    if let [writer, reader, ..] = &ends[..] {
        tag(&mut picture, writer, reader);
    }
    picture
}

/// An action that writes or reads the tag of the latest release.
struct TagEnd {
    parameter: String,
    at: Place,
}

fn most_actions(pipeline: &Pipeline) -> i32 {
    let most = pipeline.stages.iter().map(|stage| stage.actions.len()).max();
    i32::try_from(most.unwrap_or(1)).unwrap_or(1)
}

fn height(pipeline: &Pipeline) -> i32 {
    let actions = most_actions(pipeline);
    HEADING + actions * BOX_HEIGHT + (actions - 1) * BOX_GAP + FOOTING
}

fn card(picture: &mut Picture, pipeline: &Pipeline, place: Place) -> Option<TagEnd> {
    picture.rect(place, "card");
    let (left, right) = (place.x + PADDING, place.right() - PADDING);
    picture.text((left, place.y + 29), Side::Right, Font::Head, 215, &pipeline.name);
    picture.text(
        (right, place.y + 29),
        Side::Left,
        Font::Plain,
        500,
        &words::start(pipeline),
    );
    let count = i32::try_from(pipeline.stages.len()).unwrap_or(1).max(1);
    let width = (place.width - 2 * PADDING - (count - 1) * GAP) / count;
    let mut before: Vec<Place> = Vec::new();
    let mut tag_end = None;
    for (stage, column) in pipeline.stages.iter().zip(0..) {
        let x = left + column * (width + GAP);
        picture.text(
            (x, place.y + HEADING - 16),
            Side::Right,
            Font::Soft,
            width / 2,
            &stage.name,
        );
        if let Some(words) = words::on_failure(&stage.on_failure) {
            let foot = (x, place.bottom() - 13);
            picture.text(foot, Side::Right, Font::Soft, width, words);
        }
        let boxes = actions(
            picture,
            stage,
            pipeline,
            Place::new(x, place.y + HEADING, width, 0),
        );
        for from in &before {
            for (_, to) in &boxes {
                join(picture, *from, *to);
            }
        }
        let with_tag = boxes.iter().find_map(|(action, at)| match &action.kind {
            ActionKind::Build(build) => Some((build.tag_parameter.clone()?, *at)),
            _ => None,
        });
        if let Some((parameter, at)) = with_tag {
            tag_end = Some(TagEnd { parameter, at });
        }
        before = boxes.iter().map(|(_, at)| *at).collect();
    }
    tag_end
}

/// The actions of a stage below each other, in the middle of the card's height. The one that has to do with the tag
/// is nearest to it: last where it is written, first where it is read.
fn actions<'a>(
    picture: &mut Picture,
    stage: &'a Stage,
    pipeline: &Pipeline,
    top: Place,
) -> Vec<(&'a Action, Place)> {
    let mut actions: Vec<&Action> = stage.actions.iter().collect();
    actions.sort_by_key(|action| {
        let of_tag = matches!(&action.kind, ActionKind::Build(build) if build.tag_parameter.is_some());
        of_tag != pipeline.releases
    });
    let count = i32::try_from(actions.len()).unwrap_or(1);
    let free = (most_actions(pipeline) - count) * (BOX_HEIGHT + BOX_GAP);
    let mut y = top.y + free / 2;
    let mut placed = Vec::new();
    for action in actions {
        let place = Place::new(top.x, y, top.width, BOX_HEIGHT);
        let class = match action.kind {
            ActionKind::Source { .. } => "box",
            ActionKind::Build(_) => "build",
            ActionKind::Deploy { .. } => "first",
            ActionKind::Approval => "mark",
        };
        picture.rect(place, class);
        let (x, _) = place.middle();
        picture.text((x, y + 24), Side::Both, Font::Name, top.width - 12, &action.name);
        picture.text(
            (x, y + 43),
            Side::Both,
            Font::Plain,
            top.width - 12,
            &words::action(action),
        );
        placed.push((action, place));
        y += BOX_HEIGHT + BOX_GAP;
    }
    placed
}

fn join(picture: &mut Picture, from: Place, to: Place) {
    let ((_, start), (_, end)) = (from.middle(), to.middle());
    if start == end {
        picture.arrow("way", &[(from.right(), start), (to.x - 2, end)]);
    } else {
        let bend = from.right() + GAP / 2;
        picture.arrow(
            "way",
            &[(from.right(), start), (bend, start), (bend, end), (to.x - 2, end)],
        );
    }
}

fn tag(picture: &mut Picture, writer: &TagEnd, reader: &TagEnd) {
    let ((from, _), (to, _)) = (writer.at.middle(), reader.at.middle());
    let y = writer.at.bottom() + FOOTING + (CARD_GAP - PILL_HEIGHT) / 2;
    let (least, most) = (from.min(to), from.max(to));
    let place = Place::new(least - 50, y, most - least + 100, PILL_HEIGHT);
    picture.rect(place, "build");
    let (x, middle) = place.middle();
    picture.text(
        (x, middle + 5),
        Side::Both,
        Font::Name,
        place.width - 20,
        &writer.parameter,
    );
    picture.arrow("tag", &[(from, writer.at.bottom()), (from, y - 2)]);
    picture.arrow("tag", &[(to, y + PILL_HEIGHT), (to, reader.at.y - 2)]);
    picture.text(
        (place.right() + 14, middle - 4),
        Side::Right,
        Font::Plain,
        340,
        "the tag of the latest release, in SSM:",
    );
    picture.text(
        (place.right() + 14, middle + 14),
        Side::Right,
        Font::Plain,
        340,
        "what ran in dev is what staging and prod get",
    );
}

/// The picture in sentences.
fn told(facts: &Facts) -> String {
    let pipelines: Vec<_> = facts
        .pipelines
        .iter()
        .map(|pipeline| {
            let stages: Vec<_> = pipeline
                .stages
                .iter()
                .map(|stage| {
                    let actions: Vec<_> = stage
                        .actions
                        .iter()
                        .map(|action| format!("{} ({})", action.name, words::action(action)))
                        .collect();
                    actions.join(" beside ")
                })
                .collect();
            format!(
                "{}, {}: {}.",
                pipeline.name,
                words::start(pipeline),
                stages.join(", then ")
            )
        })
        .collect();
    pipelines.join(" ")
}
