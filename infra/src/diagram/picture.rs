//! A picture in the making: boxes, texts and arrows at given places, and the colours of the site by day and by night.

use std::fmt::Write as _;

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    /// The picture's title.
    Title,
    /// The name of a large thing.
    Head,
    /// The name of a thing.
    Name,
    /// What is said about it.
    Plain,
    /// The same, in a lower voice.
    Soft,
}

impl Font {
    fn class(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Head => "head",
            Self::Name => "name",
            Self::Plain => "plain",
            Self::Soft => "soft",
        }
    }

    fn size(self) -> i32 {
        match self {
            Self::Title => 21,
            Self::Head => 16,
            Self::Name => 14,
            Self::Plain | Self::Soft => 13,
        }
    }

    fn bold(self) -> bool {
        matches!(self, Self::Title | Self::Head | Self::Name)
    }
}

/// To which side of its place a text lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// It begins there.
    Right,
    /// It is centred there.
    Both,
    /// It ends there.
    Left,
}

/// A rectangle: left, top, width, height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Place {
    pub(super) fn new(x: i32, y: i32, width: i32, height: i32) -> Self {
        Self { x, y, width, height }
    }

    pub(super) fn right(self) -> i32 {
        self.x + self.width
    }

    pub(super) fn bottom(self) -> i32 {
        self.y + self.height
    }

    pub(super) fn middle(self) -> (i32, i32) {
        (self.x + self.width / 2, self.y + self.height / 2)
    }

    #[cfg(test)]
    pub(super) fn overlaps(self, other: Self) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }
}

/// The picture.
#[derive(Debug)]
pub(super) struct Picture {
    width: i32,
    height: i32,
    title: String,
    description: String,
    body: String,
    /// Where texts are, with what they say.
    pub(super) texts: Vec<(Place, String)>,
}

impl Picture {
    /// An empty one. `title` and `description` are for those who hear it.
    pub(super) fn new(width: i32, height: i32, title: &str, description: String) -> Self {
        Self {
            width,
            height,
            title: title.to_owned(),
            description,
            body: String::new(),
            texts: Vec::new(),
        }
    }

    /// A box with round corners, of a class of the style sheet.
    pub(super) fn rect(&mut self, place: Place, class: &str) {
        let Place { x, y, width, height } = place;
        let radius = if height < 40 { 6 } else { 10 };
        let _ = writeln!(
            self.body,
            r#"  <rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>"#
        );
    }

    /// A text whose foot is at `y`, cut off where it would be wider than `room`.
    pub(super) fn text(&mut self, (x, y): (i32, i32), side: Side, font: Font, room: i32, words: &str) {
        let shown = cut(words, font, room);
        let width = width_of(&shown, font);
        let anchor = match side {
            Side::Right => "start",
            Side::Both => "middle",
            Side::Left => "end",
        };
        let begin = match side {
            Side::Right => x,
            Side::Both => x - width / 2,
            Side::Left => x - width,
        };
        let height = font.size();
        self.texts.push((
            Place::new(begin, y - height * 4 / 5, width, height),
            shown.clone(),
        ));
        let _ = writeln!(
            self.body,
            r#"  <text class="{}" x="{x}" y="{y}" text-anchor="{anchor}">{}</text>"#,
            font.class(),
            escaped(&shown)
        );
    }

    /// A line along these points; the last one gets an arrow's head.
    pub(super) fn arrow(&mut self, class: &str, points: &[(i32, i32)]) {
        let path: Vec<_> = points.iter().map(|(x, y)| format!("{x} {y}")).collect();
        let _ = writeln!(
            self.body,
            r#"  <path class="{class}" d="M{}" marker-end="url(#{class}-head)"/>"#,
            path.join("L")
        );
    }

    /// The finished picture.
    pub(super) fn finish(self) -> String {
        let Self {
            width,
            height,
            title,
            description,
            body,
            ..
        } = self;
        let (title, description) = (escaped(&title), escaped(&description));
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="title desc">
  <title id="title">{title}</title>
  <desc id="desc">{description}</desc>
  <style>{STYLE}  </style>
  <defs>
{heads}  </defs>
  <rect class="page" width="{width}" height="{height}" rx="14"/>
{body}</svg>
"#,
            heads = ["way", "out", "tag"].map(head).concat(),
        )
    }
}

fn head(class: &str) -> String {
    format!(
        r#"    <marker id="{class}-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path class="{class}-fill" d="M0 0L10 5L0 10z"/></marker>
"#
    )
}

const STYLE: &str = r#"
    svg { --page: #f3f9fe; --card: #fff; --edge: #a9cbe3; --ink: #17264b; --soft: #43557d; --way: #b93a0c; --tag: #0a58a6;
      --public: #fdf0e0; --private: #e7f2fb; --mark: #ffd27a; --on-mark: #4a2c00; }
    @media (prefers-color-scheme: dark) {
      svg { --page: #0e1a33; --card: #1f3060; --edge: #46609e; --ink: #eaf3fb; --soft: #b9cae6; --way: #ffab5c; --tag: #94cdff;
        --public: #3a2f42; --private: #15234a; --mark: #f0b64f; --on-mark: #2b1600; }
    }
    text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--ink); }
    .title { font-size: 21px; font-weight: 700; } .head { font-size: 16px; font-weight: 700; }
    .name { font-size: 14px; font-weight: 650; } .plain { font-size: 13px; } .soft { font-size: 13px; fill: var(--soft); }
    .page { fill: var(--page); } .card { fill: none; stroke: var(--edge); stroke-width: 1.5; }
    .public { fill: var(--public); } .private { fill: var(--private); }
    .box { fill: var(--card); stroke: var(--edge); stroke-width: 1.5; } .behind { fill: var(--card); stroke: var(--edge); stroke-width: 1.5; opacity: .55; }
    .first { fill: var(--card); stroke: var(--way); stroke-width: 2; } .none { fill: none; stroke: var(--edge); stroke-width: 1.5; stroke-dasharray: 4 4; }
    .mark { fill: var(--mark); } .mark + text, .mark + text + text { fill: var(--on-mark); }
    .build { fill: var(--card); stroke: var(--tag); stroke-width: 2; }
    .way, .out, .tag { fill: none; stroke-width: 2; } .way { stroke: var(--way); } .out { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 5 4; }
    .tag { stroke: var(--tag); } .way-fill { fill: var(--way); } .out-fill { fill: var(--soft); } .tag-fill { fill: var(--tag); }
"#;

/// How wide a text is, rather too much than too little: fonts differ from system to system.
pub(super) fn width_of(text: &str, font: Font) -> i32 {
    let hundredths: i32 = text
        .chars()
        .map(|letter| match letter {
            'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 30,
            'f' | 't' | 'r' | ' ' | '(' | ')' | '/' | '-' => 40,
            'm' | 'w' | 'M' | 'W' | '%' => 90,
            'A'..='Z' => 70,
            _ => 58,
        })
        .sum();
    let bold = if font.bold() { 106 } else { 100 };
    hundredths * font.size() * bold / 10_000 + 1
}

fn cut(text: &str, font: Font, most: i32) -> String {
    if width_of(text, font) <= most {
        return text.to_owned();
    }
    let mut kept: String = text.to_owned();
    while !kept.is_empty() && width_of(&format!("{kept}…"), font) > most {
        kept.pop();
    }
    format!("{}…", kept.trim_end())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
