//! Draws the icon: a shape for each state, told apart without colours, on light and dark panels.
//!
//! Everything is drawn in units of a 32nd of the side, so that each size has edges of its own.

use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, Transform,
};

use crate::model::{Look, Shape};

/// The side of the picture that is handed to the desktop, in pixels: twice what most panels show.
pub(crate) const SIDE: u32 = 64;

/// Sides that can be drawn.
pub(crate) const SIDE_MIN: u32 = 16;
/// See [`SIDE_MIN`].
pub(crate) const SIDE_MAX: u32 = 256;

/// From here on the badge says `99+`, of which only the figures fit.
const COUNT_MAX: u64 = 99;

const GREEN: [u8; 3] = [0x1f, 0x8a, 0x4c];
const BLUE: [u8; 3] = [0x2b, 0x6f, 0xd6];
const AMBER: [u8; 3] = [0xd9, 0x77, 0x06];
const RED: [u8; 3] = [0xd0, 0x2f, 0x2f];
const GREY: [u8; 3] = [0x7d, 0x84, 0x8d];
const WHITE: [u8; 3] = [0xff, 0xff, 0xff];

/// A square picture: four bytes a pixel, red, green, blue and how opaque, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Pixels on each side.
    pub(crate) side: u32,
    /// `4 * side * side` bytes, not multiplied with the opacity.
    pub(crate) rgba: Vec<u8>,
}

/// Draws the icon, on a square of that side; sides out of range are the nearest that is in it.
pub(crate) fn draw(look: Look, side: u32) -> Picture {
    let side = side.clamp(SIDE_MIN, SIDE_MAX);
    let mut canvas = Canvas::new(side);
    match look.shape {
        Shape::InStep => {
            canvas.bubble(GREEN);
            canvas.line(&[(9.5, 14.5), (14.0, 19.0), (22.5, 9.5)], 3.4, WHITE);
        }
        Shape::Syncing => {
            canvas.bubble(BLUE);
            syncing(&mut canvas);
        }
        Shape::New => {
            canvas.bubble(BLUE);
            canvas.line(&[(9.0, 11.0), (20.0, 11.0)], 2.8, WHITE);
            canvas.line(&[(9.0, 17.0), (16.0, 17.0)], 2.8, WHITE);
        }
        Shape::Paused => {
            canvas.disc((16.0, 16.0), 15.0, GREY);
            canvas.line(&[(11.2, 10.5), (11.2, 21.5)], 4.6, WHITE);
            canvas.line(&[(20.8, 10.5), (20.8, 21.5)], 4.6, WHITE);
        }
        Shape::Offline => {
            canvas.bubble_outline(GREY);
            canvas.line(&[(4.0, 28.0), (28.0, 4.0)], 7.0, WHITE);
            canvas.line(&[(4.0, 28.0), (28.0, 4.0)], 3.4, GREY);
        }
        Shape::YourTurn => {
            canvas.turn(AMBER);
        }
        Shape::Trouble => {
            canvas.triangle(RED);
            canvas.line(&[(16.0, 12.0), (16.0, 19.0)], 3.6, WHITE);
            canvas.disc((16.0, 24.5), 2.1, WHITE);
        }
        Shape::SignIn => key(&mut canvas),
        Shape::Unknown => {
            canvas.bubble_outline(GREY);
            canvas.line(&[(12.0, 10.0), (20.0, 18.0)], 3.0, GREY);
            canvas.line(&[(20.0, 10.0), (12.0, 18.0)], 3.0, GREY);
        }
    }
    if look.count > 0 {
        canvas.badge(look.count);
    }
    canvas.finish()
}

/// Two arrows, one up and one down.
fn syncing(canvas: &mut Canvas) {
    canvas.line(&[(12.0, 19.5), (12.0, 9.0)], 2.8, WHITE);
    canvas.line(&[(8.2, 12.8), (12.0, 9.0), (15.8, 12.8)], 2.8, WHITE);
    canvas.line(&[(20.0, 8.5), (20.0, 19.0)], 2.8, WHITE);
    canvas.line(&[(16.2, 15.2), (20.0, 19.0), (23.8, 15.2)], 2.8, WHITE);
}

/// A key, from the upper left to the lower right.
fn key(canvas: &mut Canvas) {
    for (wider, colour) in [(3.2, WHITE), (0.0, RED)] {
        canvas.ring((11.0, 11.0), 6.2, 4.2 + wider, colour);
        canvas.line(&[(15.5, 15.5), (27.0, 27.0)], 4.2 + wider, colour);
        canvas.line(&[(22.5, 22.5), (26.0, 19.0)], 3.6 + wider, colour);
    }
}

/// A picture in the making.
#[derive(Debug)]
struct Canvas {
    pixels: Pixmap,
    scale: f32,
}

impl Canvas {
    fn new(side: u32) -> Self {
        let pixels = Pixmap::new(side, side).expect("the side is in range");
        #[expect(clippy::cast_precision_loss, reason = "a side has few digits")]
        let scale = side as f32 / 32.0;
        Self { pixels, scale }
    }

    /// A speech bubble, all of it in the colour, with a light rim that a dark panel needs.
    fn bubble(&mut self, colour: [u8; 3]) {
        let path = bubble();
        self.fill(&path, colour);
    }

    fn bubble_outline(&mut self, colour: [u8; 3]) {
        self.fill(&bubble(), WHITE);
        self.stroke(&bubble_inside(), 3.0, colour);
    }

    /// A ball that is handed over: a disc within an arrow that points at you.
    fn turn(&mut self, colour: [u8; 3]) {
        let arrow = path(&[
            (3.0, 3.0),
            (18.0, 3.0),
            (30.0, 16.0),
            (18.0, 29.0),
            (3.0, 29.0),
        ]);
        self.fill(&arrow, colour);
        self.stroke(&arrow, 2.4, colour);
        self.disc((14.0, 16.0), 6.4, WHITE);
    }

    fn triangle(&mut self, colour: [u8; 3]) {
        let triangle = path(&[(16.0, 4.0), (29.0, 27.5), (3.0, 27.5)]);
        self.fill(&triangle, colour);
        self.stroke(&triangle, 4.0, colour);
    }

    /// The count, in the lower right corner.
    fn badge(&mut self, count: u64) {
        let figures = if count > COUNT_MAX {
            "99".to_owned()
        } else {
            count.to_string()
        };
        let wide = figures.len() > 1;
        let left = if wide { 13.0 } else { 18.0 };
        let pill = pill(left, 16.0, 32.0, 32.0);
        self.clear(&pill, 2.4);
        self.fill(&pill, RED);
        let mut at = if wide { 15.6 } else { 22.4 };
        for figure in figures.bytes() {
            self.figure(usize::from(figure - b'0'), at);
            at += 7.6;
        }
        if count > COUNT_MAX {
            self.disc((30.0, 17.0), 2.0, RED);
        }
    }

    /// A figure of three by five squares, so that it needs no font and is sharp when small.
    fn figure(&mut self, figure: usize, left: f32) {
        const ROWS: [[u8; 5]; 10] = [
            [7, 5, 5, 5, 7],
            [2, 6, 2, 2, 7],
            [7, 1, 7, 4, 7],
            [7, 1, 7, 1, 7],
            [5, 5, 7, 1, 1],
            [7, 4, 7, 1, 7],
            [7, 4, 7, 5, 7],
            [7, 1, 2, 2, 2],
            [7, 5, 7, 5, 7],
            [7, 5, 7, 1, 7],
        ];
        const SQUARE: f32 = 2.0;
        let mut top = 19.0;
        for row in ROWS[figure] {
            for (column, bit) in [(0.0, 4), (1.0, 2), (2.0, 1)] {
                if row & bit != 0 {
                    let from = (left + column * SQUARE, top);
                    self.square(from, SQUARE, WHITE);
                }
            }
            top += SQUARE;
        }
    }

    fn square(&mut self, (x, y): (f32, f32), side: f32, colour: [u8; 3]) {
        let square = path(&[(x, y), (x + side, y), (x + side, y + side), (x, y + side)]);
        self.fill(&square, colour);
    }

    fn disc(&mut self, centre: (f32, f32), radius: f32, colour: [u8; 3]) {
        let circle = PathBuilder::from_circle(centre.0, centre.1, radius);
        self.fill(&circle.expect("a radius is above nought"), colour);
    }

    fn ring(&mut self, centre: (f32, f32), radius: f32, width: f32, colour: [u8; 3]) {
        let circle = PathBuilder::from_circle(centre.0, centre.1, radius);
        self.stroke(&circle.expect("a radius is above nought"), width, colour);
    }

    fn line(&mut self, points: &[(f32, f32)], width: f32, colour: [u8; 3]) {
        let mut line = PathBuilder::new();
        for (number, (x, y)) in points.iter().enumerate() {
            if number == 0 {
                line.move_to(*x, *y);
            } else {
                line.line_to(*x, *y);
            }
        }
        let line = line.finish().expect("a line has two points");
        self.stroke(&line, width, colour);
    }

    fn fill(&mut self, path: &Path, colour: [u8; 3]) {
        let paint = paint(colour);
        let scale = Transform::from_scale(self.scale, self.scale);
        let rule = FillRule::Winding;
        self.pixels.fill_path(path, &paint, rule, scale, None);
    }

    fn stroke(&mut self, path: &Path, width: f32, colour: [u8; 3]) {
        self.stroke_with(path, width, &paint(colour));
    }

    fn stroke_with(&mut self, path: &Path, width: f32, paint: &Paint<'_>) {
        let stroke = Stroke {
            width,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        let scale = Transform::from_scale(self.scale, self.scale);
        self.pixels.stroke_path(path, paint, &stroke, scale, None);
    }

    /// Makes room around that path: the panel shows through.
    fn clear(&mut self, path: &Path, around: f32) {
        let mut hole = paint(WHITE);
        hole.blend_mode = tiny_skia::BlendMode::Clear;
        self.stroke_with(path, around * 2.0, &hole);
        let scale = Transform::from_scale(self.scale, self.scale);
        let rule = FillRule::Winding;
        self.pixels.fill_path(path, &hole, rule, scale, None);
    }

    fn finish(self) -> Picture {
        let bytes = |pixel: &tiny_skia::PremultipliedColorU8| {
            let colour = pixel.demultiply();
            [colour.red(), colour.green(), colour.blue(), colour.alpha()]
        };
        Picture {
            side: self.pixels.width(),
            rgba: self.pixels.pixels().iter().flat_map(bytes).collect(),
        }
    }
}

fn paint(colour: [u8; 3]) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(colour[0], colour[1], colour[2], 0xff));
    paint.anti_alias = true;
    paint
}

fn path(points: &[(f32, f32)]) -> Path {
    let mut path = PathBuilder::new();
    for (number, (x, y)) in points.iter().enumerate() {
        if number == 0 {
            path.move_to(*x, *y);
        } else {
            path.line_to(*x, *y);
        }
    }
    path.close();
    path.finish().expect("a shape has three points")
}

fn bubble() -> Path {
    speech(1.0, 2.0, 31.0, 26.0, 7.0)
}

fn bubble_inside() -> Path {
    speech(2.5, 3.5, 29.5, 24.5, 5.5)
}

/// A box with round corners and a tail at its lower left.
fn speech(left: f32, top: f32, right: f32, bottom: f32, round: f32) -> Path {
    let mut path = PathBuilder::new();
    path.move_to(left + round, top);
    path.line_to(right - round, top);
    path.quad_to(right, top, right, top + round);
    path.line_to(right, bottom - round);
    path.quad_to(right, bottom, right - round, bottom);
    path.line_to(left + 14.0, bottom);
    path.line_to(left + 6.0, bottom + 5.5);
    path.line_to(left + 6.0, bottom);
    path.quad_to(left, bottom, left, bottom - round);
    path.line_to(left, top + round);
    path.quad_to(left, top, left + round, top);
    path.close();
    path.finish().expect("a bubble has corners")
}

fn pill(left: f32, top: f32, right: f32, bottom: f32) -> Path {
    let round = 5.0;
    let mut path = PathBuilder::new();
    path.move_to(left + round, top);
    path.line_to(right - round, top);
    path.quad_to(right, top, right, top + round);
    path.line_to(right, bottom - round);
    path.quad_to(right, bottom, right - round, bottom);
    path.line_to(left + round, bottom);
    path.quad_to(left, bottom, left, bottom - round);
    path.line_to(left, top + round);
    path.quad_to(left, top, left + round, top);
    path.close();
    path.finish().expect("a pill has corners")
}

#[cfg(test)]
#[path = "icon/tests.rs"]
mod tests;
