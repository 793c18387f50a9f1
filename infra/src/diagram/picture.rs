//! SVG drawing: boxes, texts, arrows, and a style sheet for light and dark mode.

use std::fmt::Write as _;

/// Text style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    /// Title of the diagram.
    Title,
    /// Heading of a card.
    Head,
    /// Name of an element.
    Name,
    /// Detail.
    Plain,
    /// Less prominent detail.
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

/// A drawing.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) width: i32,
    height: i32,
    title: String,
    description: String,
    body: String,
    /// Positions and contents of texts.
    pub(super) texts: Vec<(Place, String)>,
}

impl Picture {
    /// Creates an empty drawing. `title` and `description` are for screen readers.
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

    /// Adds a rounded box with a style class.
    pub(super) fn rect(&mut self, place: Place, class: &str) {
        let Place { x, y, width, height } = place;
        let radius = if height < 40 { 6 } else { 10 };
        let _ = writeln!(
            self.body,
            r#"  <rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>"#
        );
    }

    /// Adds a left-aligned text with the baseline `at.1`, truncated to the width `room`.
    pub(super) fn left(&mut self, at: (i32, i32), font: Font, room: i32, words: &str) {
        self.text(at, "start", font, room, words);
    }

    /// Like [`Self::left`], centred.
    pub(super) fn center(&mut self, at: (i32, i32), font: Font, room: i32, words: &str) {
        self.text(at, "middle", font, room, words);
    }

    /// Like [`Self::left`], right-aligned.
    pub(super) fn right(&mut self, at: (i32, i32), font: Font, room: i32, words: &str) {
        self.text(at, "end", font, room, words);
    }

    fn text(&mut self, (x, y): (i32, i32), anchor: &str, font: Font, room: i32, words: &str) {
        let shown = cut(words, font, room);
        let width = width_of(&shown, font);
        let begin = match anchor {
            "start" => x,
            "middle" => x - width / 2,
            _ => x - width,
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

    /// Adds a line through points with an arrow head at the end.
    pub(super) fn arrow(&mut self, class: &str, points: &[(i32, i32)]) {
        let path: Vec<_> = points.iter().map(|(x, y)| format!("{x} {y}")).collect();
        let _ = writeln!(
            self.body,
            r#"  <path class="{class}" d="M{}" marker-end="url(#{class}-head)"/>"#,
            path.join("L")
        );
    }

    /// Returns the SVG document.
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

/// Estimates the width of a text, with a margin for different fonts.
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
