//! Paints egui's triangles into memory, so that a window needs no graphics card: the same on a
//! laptop, over remote desktops and in a virtual display.

use std::collections::HashMap;

use egui::epaint::{ClippedPrimitive, ImageData, Mesh, Primitive, Vertex};
use egui::{Color32, ColorImage, Pos2, TextureId, TexturesDelta};

/// The pixels of one window, and the textures that its triangles show.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    size: [usize; 2],
    pixels: Vec<Color32>,
    textures: HashMap<TextureId, ColorImage>,
}

/// What part of the canvas may be painted, in pixels: from, to.
#[derive(Clone, Copy, Debug)]
struct Clip {
    from: [usize; 2],
    to: [usize; 2],
}

impl Canvas {
    /// The pixels, `0x00RRGGBB`, row by row from the top.
    pub(super) fn pixels(&self) -> impl Iterator<Item = u32> + '_ {
        self.pixels
            .iter()
            .map(|one| u32::from_be_bytes([0, one.r(), one.g(), one.b()]))
    }

    /// Takes over the textures that are others than before.
    pub(super) fn take(&mut self, delta: &TexturesDelta) {
        for (id, image) in &delta.set {
            let ImageData::Color(part) = &image.image;
            match (image.pos, self.textures.get_mut(id)) {
                (Some(at), Some(whole)) => patch(whole, part, at),
                (Some(_) | None, _) => {
                    self.textures.insert(*id, ColorImage::clone(part));
                }
            }
        }
        for id in &delta.free {
            self.textures.remove(id);
        }
    }

    /// Paints everything anew on that ground; `scale` is pixels a point.
    pub(super) fn paint(
        &mut self,
        size: [usize; 2],
        ground: Color32,
        primitives: &[ClippedPrimitive],
        scale: f32,
    ) {
        self.size = size;
        self.pixels.clear();
        self.pixels.resize(size[0] * size[1], ground);
        for primitive in primitives {
            let rect = primitive.clip_rect;
            let bound =
                |value: f32, max: usize| (value * scale).round().clamp(0.0, max as f32) as usize;
            let clip = Clip {
                from: [bound(rect.min.x, size[0]), bound(rect.min.y, size[1])],
                to: [bound(rect.max.x, size[0]), bound(rect.max.y, size[1])],
            };
            // Nothing here asks for a callback.
            if let Primitive::Mesh(mesh) = &primitive.primitive {
                self.mesh(mesh, clip, scale);
            }
        }
    }

    fn mesh(&mut self, mesh: &Mesh, clip: Clip, scale: f32) {
        let Some(texture) = self.textures.get(&mesh.texture_id) else {
            return;
        };
        let vertex = |index: u32| {
            let vertex = mesh.vertices.get(index as usize)?;
            let pos = Pos2::new(vertex.pos.x * scale, vertex.pos.y * scale);
            Some(Vertex { pos, ..*vertex })
        };
        for [one, two, three] in mesh.indices.as_chunks().0 {
            if let (Some(one), Some(two), Some(three)) =
                (vertex(*one), vertex(*two), vertex(*three))
            {
                triangle(
                    &mut self.pixels,
                    self.size[0],
                    texture,
                    clip,
                    [one, two, three],
                );
            }
        }
    }
}

fn patch(whole: &mut ColorImage, part: &ColorImage, at: [usize; 2]) {
    let width = part.size[0];
    if width == 0 || at[0] + width > whole.size[0] || at[1] + part.size[1] > whole.size[1] {
        return;
    }
    for (row, pixels) in part.pixels.chunks_exact(width).enumerate() {
        let start = (at[1] + row) * whole.size[0] + at[0];
        whole.pixels[start..start + width].copy_from_slice(pixels);
    }
}

/// Twice the area that `point` spans with the edge; its sign says on which side it lies.
fn side(from: Pos2, to: Pos2, point: Pos2) -> f32 {
    (to.x - from.x) * (point.y - from.y) - (to.y - from.y) * (point.x - from.x)
}

/// Whether points on that edge belong to this triangle and not to its neighbour, so that no pixel is
/// painted twice where two meet.
fn owns(from: Pos2, to: Pos2) -> bool {
    to.y < from.y || (to.y == from.y && to.x > from.x)
}

fn triangle(
    pixels: &mut [Color32],
    width: usize,
    texture: &ColorImage,
    clip: Clip,
    [one, mut two, mut three]: [Vertex; 3],
) {
    let mut area = side(one.pos, two.pos, three.pos);
    if area < 0.0 {
        (two, three) = (three, two);
        area = -area;
    }
    if area <= 0.0 || !area.is_finite() {
        return;
    }
    let edges = [
        (two.pos, three.pos),
        (three.pos, one.pos),
        (one.pos, two.pos),
    ];
    let owned = edges.map(|(from, to)| owns(from, to));
    let [left, right] = ends(one.pos.x, two.pos.x, three.pos.x, clip.from[0], clip.to[0]);
    let [top, bottom] = ends(one.pos.y, two.pos.y, three.pos.y, clip.from[1], clip.to[1]);
    let same_color = one.color == two.color && one.color == three.color;
    let same_place = one.uv == two.uv && one.uv == three.uv;
    let flat =
        (same_color && same_place).then(|| mixed(one.color, texel(texture, one.uv.x, one.uv.y)));
    for y in top..bottom {
        let row = y * width;
        for x in left..right {
            let point = Pos2::new(x as f32 + 0.5, y as f32 + 0.5);
            let sides = edges.map(|(from, to)| side(from, to, point));
            let is_inside = (0..3).all(|at| sides[at] > 0.0 || (sides[at] == 0.0 && owned[at]));
            if !is_inside {
                continue;
            }
            let color = flat.unwrap_or_else(|| {
                let weights = sides.map(|side| side / area);
                let blend =
                    |of: [f32; 3]| of[0] * weights[0] + of[1] * weights[1] + of[2] * weights[2];
                let at = texel(
                    texture,
                    blend([one.uv.x, two.uv.x, three.uv.x]),
                    blend([one.uv.y, two.uv.y, three.uv.y]),
                );
                if same_color {
                    return mixed(one.color, at);
                }
                let colors = [one.color, two.color, three.color].map(|color| color.to_array());
                let channel =
                    |index: usize| blend(colors.map(|color| f32::from(color[index]))).round() as u8;
                let color = [channel(0), channel(1), channel(2), channel(3)];
                let [r, g, b, a] = color;
                mixed(Color32::from_rgba_premultiplied(r, g, b, a), at)
            });
            if let Some(pixel) = pixels.get_mut(row + x) {
                *pixel = over(*pixel, color);
            }
        }
    }
}

/// The pixels that three places span, inside two bounds.
fn ends(one: f32, two: f32, three: f32, from: usize, to: usize) -> [usize; 2] {
    let low = one.min(two).min(three).floor().max(from as f32) as usize;
    let high = one.max(two).max(three).ceil().clamp(0.0, to as f32) as usize;
    [low, high]
}

fn texel(texture: &ColorImage, u: f32, v: f32) -> Color32 {
    let [width, height] = texture.size;
    let at = |place: f32, size: usize| ((place * size as f32) as usize).min(size.saturating_sub(1));
    let index = at(v, height) * width + at(u, width);
    texture.pixels.get(index).copied().unwrap_or_default()
}

/// Both are premultiplied.
fn mixed(color: Color32, texel: Color32) -> Color32 {
    if texel == Color32::WHITE {
        return color;
    }
    let by = |one: u8, other: u8| (u16::from(one) * u16::from(other) / 255) as u8;
    let [r, g, b, a] = color.to_array();
    let [tr, tg, tb, ta] = texel.to_array();
    Color32::from_rgba_premultiplied(by(r, tr), by(g, tg), by(b, tb), by(a, ta))
}

fn over(below: Color32, above: Color32) -> Color32 {
    if above.a() == 255 {
        return above;
    }
    let left = u16::from(255 - above.a());
    let by = |below: u8, above: u8| above.saturating_add((u16::from(below) * left / 255) as u8);
    Color32::from_rgb(
        by(below.r(), above.r()),
        by(below.g(), above.g()),
        by(below.b(), above.b()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::Rect;

    fn painted(colors: [Color32; 4], clip: Rect) -> Vec<u32> {
        let mut mesh = Mesh::default();
        let places = [[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]];
        for (place, color) in places.into_iter().zip(colors) {
            let [x, y] = place;
            mesh.vertices.push(Vertex {
                pos: Pos2::new(x, y),
                uv: Pos2::ZERO,
                color,
            });
        }
        mesh.indices = vec![0, 1, 2, 2, 1, 3];
        let mut canvas = Canvas::default();
        let white = ColorImage::filled([1, 1], Color32::WHITE);
        canvas.textures.insert(TextureId::default(), white);
        let primitive = ClippedPrimitive {
            clip_rect: clip,
            primitive: Primitive::Mesh(mesh),
        };
        canvas.paint([4, 4], Color32::BLACK, &[primitive], 1.0);
        canvas.pixels().collect()
    }

    #[test]
    fn two_triangles_cover_a_square_once() {
        let half = Color32::from_rgba_premultiplied(128, 0, 0, 128);
        let all = Rect::from_min_max(Pos2::ZERO, Pos2::new(4.0, 4.0));
        assert_eq!(painted([half; 4], all), [0x0080_0000; 16]);
    }

    #[test]
    fn nothing_is_painted_outside_the_clip() {
        let clip = Rect::from_min_max(Pos2::new(1.0, 1.0), Pos2::new(3.0, 2.0));
        let pixels = painted([Color32::WHITE; 4], clip);
        let expected: Vec<u32> = (0..16)
            .map(|at| if at == 5 || at == 6 { 0x00ff_ffff } else { 0 })
            .collect();
        assert_eq!(pixels, expected);
    }

    #[test]
    fn colors_run_into_each_other() {
        let all = Rect::from_min_max(Pos2::ZERO, Pos2::new(4.0, 4.0));
        let (dark, light) = (Color32::BLACK, Color32::WHITE);
        let pixels = painted([dark, light, dark, light], all);
        let row: Vec<u32> = pixels[..4].iter().map(|pixel| pixel & 0xff).collect();
        assert!(row.is_sorted() && row[0] < 60 && row[3] > 200, "{row:?}");
    }
}
