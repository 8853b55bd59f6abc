//! How windows look: sizes, distances and colours, on light and dark desktops.

use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, TextStyle, Visuals};

/// What stands apart by colour; whatever it says stands in words too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tones {
    /// What is the person's to do.
    pub(super) accent: Color32,
    /// What is not well.
    pub(super) trouble: Color32,
    /// What is well.
    pub(super) good: Color32,
    /// A card's ground.
    pub(super) card: Color32,
    /// A card's edge.
    pub(super) edge: Color32,
}

/// The tones of the look that is on.
pub(super) fn tones(ui: &egui::Ui) -> Tones {
    if ui.visuals().dark_mode {
        Tones {
            accent: Color32::from_rgb(0x6c, 0xb2, 0xff),
            trouble: Color32::from_rgb(0xff, 0x9b, 0x8a),
            good: Color32::from_rgb(0x7f, 0xd3, 0x8f),
            card: Color32::from_rgb(0x2b, 0x2e, 0x33),
            edge: Color32::from_rgb(0x3d, 0x41, 0x47),
        }
    } else {
        Tones {
            accent: Color32::from_rgb(0x0b, 0x5c, 0xad),
            trouble: Color32::from_rgb(0xa8, 0x22, 0x14),
            good: Color32::from_rgb(0x1d, 0x6b, 0x30),
            card: Color32::WHITE,
            edge: Color32::from_rgb(0xd5, 0xd9, 0xdf),
        }
    }
}

/// Dresses everything that is drawn from here on.
pub(super) fn dress(ctx: &egui::Context, is_dark: bool) {
    ctx.set_theme(if is_dark {
        egui::Theme::Dark
    } else {
        egui::Theme::Light
    });
    ctx.all_styles_mut(|style| {
        let font = |size| FontId::new(size, FontFamily::Proportional);
        style.text_styles = [
            (TextStyle::Small, font(12.5)),
            (TextStyle::Body, font(15.0)),
            (TextStyle::Button, font(15.0)),
            (TextStyle::Heading, font(21.0)),
            (
                TextStyle::Monospace,
                FontId::new(13.5, FontFamily::Monospace),
            ),
        ]
        .into();
        style.spacing.item_spacing = egui::vec2(8.0, 8.0);
        style.spacing.button_padding = egui::vec2(12.0, 6.0);
        style.spacing.interact_size.y = 28.0;
        style.animation_time = 0.0;
        // A cursor that blinks wakes the machine twice a second.
        style.visuals.text_cursor.blink = false;
        let radius = CornerRadius::same(6);
        let widgets = &mut style.visuals.widgets;
        for each in [
            &mut widgets.noninteractive,
            &mut widgets.inactive,
            &mut widgets.hovered,
            &mut widgets.active,
            &mut widgets.open,
        ] {
            each.corner_radius = radius;
            each.expansion = 0.0;
        }
    });
    ctx.style_mut_of(egui::Theme::Light, |style| {
        colors(&mut style.visuals, &LIGHT)
    });
    ctx.style_mut_of(egui::Theme::Dark, |style| colors(&mut style.visuals, &DARK));
}

/// Ground, field, text, weak text, button, its edge, and what has the keyboard.
struct Colors {
    ground: Color32,
    field: Color32,
    text: Color32,
    button: Color32,
    edge: Color32,
    focus: Color32,
}

const LIGHT: Colors = Colors {
    ground: Color32::from_rgb(0xf3, 0xf4, 0xf6),
    field: Color32::WHITE,
    text: Color32::from_rgb(0x1d, 0x21, 0x26),
    button: Color32::from_rgb(0xe3, 0xe6, 0xea),
    edge: Color32::from_rgb(0xa9, 0xb0, 0xba),
    focus: Color32::from_rgb(0x0b, 0x5c, 0xad),
};

const DARK: Colors = Colors {
    ground: Color32::from_rgb(0x1f, 0x21, 0x25),
    field: Color32::from_rgb(0x17, 0x19, 0x1c),
    text: Color32::from_rgb(0xe8, 0xea, 0xed),
    button: Color32::from_rgb(0x3a, 0x3e, 0x45),
    edge: Color32::from_rgb(0x6b, 0x72, 0x7c),
    focus: Color32::from_rgb(0x6c, 0xb2, 0xff),
};

fn colors(visuals: &mut Visuals, colors: &Colors) {
    visuals.panel_fill = colors.ground;
    visuals.window_fill = colors.ground;
    visuals.extreme_bg_color = colors.field;
    visuals.text_edit_bg_color = Some(colors.field);
    visuals.override_text_color = Some(colors.text);
    visuals.selection.stroke = Stroke::new(2.0, colors.focus);
    let edge = Stroke::new(1.0, colors.edge);
    let widgets = &mut visuals.widgets;
    widgets.inactive.weak_bg_fill = colors.button;
    widgets.inactive.bg_stroke = edge;
    widgets.hovered.bg_stroke = Stroke::new(1.0, colors.focus);
    widgets.active.bg_stroke = Stroke::new(2.0, colors.focus);
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, colors.edge.gamma_multiply(0.5));
}

/// A frame for one thing of several.
pub(super) fn card(tones: &Tones) -> egui::Frame {
    egui::Frame::new()
        .fill(tones.card)
        .stroke(Stroke::new(1.0, tones.edge))
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::symmetric(14, 10))
}
