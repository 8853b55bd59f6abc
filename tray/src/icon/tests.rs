//! Tests of the icon: each state by its shape, at each size, on each panel.

use super::*;

const SIDES: [u32; 6] = [16, 22, 24, 32, 48, 64];

fn drawn(shape: Shape, count: u64, side: u32) -> Picture {
    draw(Look { shape, count }, side)
}

/// How light each pixel is on a panel of that lightness, colours left out.
fn greys(picture: &Picture, panel: u32) -> Vec<u32> {
    let grey = |pixel: &[u8]| {
        let [red, green, blue, opaque] = [0, 1, 2, 3].map(|at| u32::from(pixel[at]));
        let own = (red * 30 + green * 59 + blue * 11) / 100;
        (own * opaque + panel * (255 - opaque)) / 255
    };
    picture.rgba.chunks(4).map(grey).collect()
}

#[test]
fn without_colours_each_shape_is_another_at_each_size_and_on_each_panel() {
    for side in SIDES {
        for panel in [25, 245] {
            for (number, one) in Shape::ALL.into_iter().enumerate() {
                for other in Shape::ALL.into_iter().skip(number + 1) {
                    let [first, second] =
                        [one, other].map(|shape| greys(&drawn(shape, 0, side), panel));
                    let apart = first.iter().zip(&second);
                    let apart = apart
                        .filter(|(one, other)| one.abs_diff(**other) > 60)
                        .count();
                    let share = apart * 100 / (side * side) as usize;
                    assert!(share >= 4, "{one:?} {other:?} {side} {panel}: {share} %");
                }
            }
        }
    }
}

#[test]
fn each_shape_stands_out_from_light_and_dark_panels() {
    for side in SIDES {
        for shape in Shape::ALL {
            for panel in [25, 245] {
                let greys = greys(&drawn(shape, 0, side), panel);
                let seen = greys
                    .iter()
                    .filter(|grey| grey.abs_diff(panel) > 50)
                    .count();
                let share = seen * 100 / greys.len();
                assert!(share >= 8, "{shape:?} {side} on {panel}: {share} %");
            }
        }
    }
}

#[test]
fn only_what_is_in_step_is_green() {
    let green = |picture: &Picture| {
        let is = |pixel: &&[u8]| {
            let [red, green, blue, opaque] = [0, 1, 2, 3].map(|at| u32::from(pixel[at]));
            opaque > 200 && green > red + 40 && green > blue + 40
        };
        picture.rgba.chunks(4).filter(is).count()
    };
    for shape in Shape::ALL {
        let is_green = green(&drawn(shape, 5, 64)) > 0;
        assert_eq!(is_green, shape == Shape::InStep, "{shape:?}");
    }
}

#[test]
fn each_count_has_a_badge_of_its_own_up_to_the_most_it_can_say() {
    let badges: Vec<Picture> = (0..=100)
        .map(|count| drawn(Shape::New, count, 32))
        .collect();
    for (count, badge) in badges.iter().enumerate() {
        let same = badges.iter().position(|other| other == badge);
        assert_eq!(same, Some(count));
    }
    assert_eq!(drawn(Shape::New, 100, 32), drawn(Shape::New, 10_000, 32));
}

#[test]
fn sides_out_of_range_are_the_nearest() {
    let check = |side: u32, expected: u32| {
        let picture = drawn(Shape::InStep, 0, side);
        assert_eq!(picture.side, expected);
        assert_eq!(picture.rgba.len(), (expected * expected * 4) as usize);
    };
    check(0, SIDE_MIN);
    check(SIDE_MAX, SIDE_MAX);
    check(SIDE_MAX + 1, SIDE_MAX);
}

/// Not a test: writes all shapes at all sizes on a light and a dark panel, to be looked at, to the
/// file that the variable names.
#[test]
fn sheet() {
    let Some(path) = std::env::var_os("WATERCOOLER_ICON_SHEET") else {
        return;
    };
    const CELL: u32 = 72;
    let width = CELL * 9;
    let rows: Vec<(u32, u32)> = SIDES
        .into_iter()
        .flat_map(|side| [(side, 245), (side, 40)])
        .collect();
    let height = CELL * u32::try_from(rows.len()).unwrap();
    let pictures: Vec<Vec<Picture>> = rows
        .iter()
        .map(|(side, _)| {
            let count = |shape| if shape == Shape::New { 7 } else { 0 };
            let all = Shape::ALL.into_iter();
            all.map(|shape| drawn(shape, count(shape), *side)).collect()
        })
        .collect();
    let mut out = format!("P6 {width} {height} 255\n").into_bytes();
    for y in 0..height {
        let (side, panel) = rows[(y / CELL) as usize];
        for x in 0..width {
            let picture = &pictures[(y / CELL) as usize][(x / CELL) as usize];
            let (left, top) = (x % CELL, y % CELL);
            for channel in 0..3 {
                let inside = left < side && top < side;
                let at = ((top * side + left) * 4) as usize;
                let value = if inside {
                    let opaque = u32::from(picture.rgba[at + 3]);
                    let own = u32::from(picture.rgba[at + channel]);
                    (own * opaque + panel * (255 - opaque)) / 255
                } else {
                    panel
                };
                out.push(u8::try_from(value).unwrap());
            }
        }
    }
    std::fs::write(path, out).unwrap();
}
