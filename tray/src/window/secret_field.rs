//! A field for a secret: it keeps no history, shows no character, gives nothing to the clipboard or a
//! screen reader, and is overwritten when it goes.

use egui::{Event, Key, Response, Sense, Stroke, WidgetInfo, WidgetType};
use zeroize::{Zeroize as _, Zeroizing};

/// How long a secret may be, in bytes. Room for all of it is taken at once, so that no piece is left
/// behind by growing.
pub(super) const SECRET_BYTES_MAX: usize = 8 << 10;

/// How many dots are drawn at most.
const DOTS_MAX: usize = 40;

/// What was typed.
pub(super) struct SecretField {
    text: Zeroizing<String>,
}

impl Default for SecretField {
    fn default() -> Self {
        Self {
            text: Zeroizing::new(String::with_capacity(SECRET_BYTES_MAX)),
        }
    }
}

impl SecretField {
    /// Whether nothing was typed.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Hands it over; the field is empty then.
    pub(super) fn take(&mut self) -> Zeroizing<String> {
        std::mem::take(self).text
    }

    /// Draws it, named so for a screen reader.
    pub(super) fn show(&mut self, ui: &mut egui::Ui, name: &str) -> Response {
        let size = egui::vec2(ui.available_width(), 30.0);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        if response.clicked() {
            response.request_focus();
        }
        if response.has_focus() {
            ui.input_mut(|input| input.events.retain_mut(|event| !self.takes(event)));
        }
        response.widget_info(|| WidgetInfo::labeled(WidgetType::TextEdit, true, name));
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_role(egui::accesskit::Role::PasswordInput);
        });
        let visuals = ui.visuals();
        let edge = if response.has_focus() {
            visuals.selection.stroke
        } else {
            visuals.widgets.inactive.bg_stroke
        };
        let ground = visuals.extreme_bg_color;
        let color = visuals.text_color();
        let painter = ui.painter_at(rect);
        painter.rect(rect, 6.0, ground, edge, egui::StrokeKind::Inside);
        let mut at = rect.left_center() + egui::vec2(12.0, 0.0);
        for _ in self.text.chars().take(DOTS_MAX) {
            painter.circle_filled(at, 3.5, color);
            at.x += 10.0;
        }
        if response.has_focus() {
            let cursor = [at - egui::vec2(3.0, 8.0), at + egui::vec2(-3.0, 8.0)];
            painter.line_segment(cursor, Stroke::new(1.5, color));
        }
        response
    }

    /// Whether that was typed into it; what is taken is overwritten where it came from.
    fn takes(&mut self, event: &mut Event) -> bool {
        if let Event::Text(text) | Event::Paste(text) = event {
            self.push(text.trim_end_matches(['\r', '\n']));
            text.zeroize();
            return true;
        }
        let is_back = matches!(
            event,
            Event::Key {
                key: Key::Backspace,
                pressed: true,
                ..
            }
        );
        if is_back {
            self.text.pop();
        }
        is_back
    }

    fn push(&mut self, text: &str) {
        if self.text.len() + text.len() <= SECRET_BYTES_MAX && !text.contains(char::is_control) {
            self.text.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_taken_up_to_the_limit_and_overwritten() {
        let mut field = SecretField::default();
        let mut typed = Event::Text("s3cret".to_owned());
        assert!(field.takes(&mut typed));
        assert_eq!(typed, Event::Text(String::new()));
        assert!(field.takes(&mut Event::Paste("-x\n".to_owned())));
        assert!(field.takes(&mut Event::Paste("two\nlines".to_owned())));
        assert!(field.takes(&mut Event::Text("a".repeat(SECRET_BYTES_MAX))));
        assert!(!field.takes(&mut Event::Copy));
        assert_eq!(*field.take(), "s3cret-x");
        assert!(field.is_empty());
        field.push(&"a".repeat(SECRET_BYTES_MAX));
        assert_eq!(field.take().len(), SECRET_BYTES_MAX);
    }
}
