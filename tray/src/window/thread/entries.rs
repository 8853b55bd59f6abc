//! The entries of a thread, each a card of plain text, the newest last.

use egui::{RichText, ScrollArea};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use protocol::answer::{Entry, Thread};

use crate::plain::{lines, one_line};
use crate::window::style;

/// How much of a body is shown, in characters: laying out more would hold the window up.
pub(super) const BODY_CHARS_MAX: usize = 20_000;

/// Draws them, and says whether earlier ones are wanted.
pub(super) fn draw(ui: &mut egui::Ui, thread: Option<&Thread>, is_fresh: bool) -> bool {
    let mut wants_earlier = false;
    let area = ScrollArea::vertical()
        .auto_shrink(false)
        .stick_to_bottom(true);
    area.show(ui, |ui| {
        let Some(thread) = thread else {
            ui.label("Reading…");
            return;
        };
        let first = thread.entries.first().map_or(0, |entry| entry.index);
        if first > 0 {
            let words = format!("Show earlier entries ({first})");
            wants_earlier = ui.button(words).clicked();
        }
        for entry in &thread.entries {
            ui.push_id(entry.index, |ui| card(ui, entry));
        }
        if thread.entries.is_empty() {
            ui.label("Nothing is written here yet.");
        }
        if is_fresh {
            ui.scroll_to_cursor(Some(egui::Align::BOTTOM));
        }
    });
    wants_earlier
}

fn card(ui: &mut egui::Ui, entry: &Entry) {
    let tones = style::tones(ui);
    style::card(&tones).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_wrapped(|ui| {
            ui.label(
                RichText::new(one_line(&entry.agent))
                    .strong()
                    .color(tones.accent),
            );
            let kind = format!(
                "{} · {}",
                one_line(&entry.role),
                one_line(&entry.entry_type)
            );
            ui.label(RichText::new(kind).small().weak());
            let time = entry
                .timestamp
                .as_deref()
                .map_or_else(|| "no time".to_owned(), time);
            ui.label(RichText::new(format!("· {time}")).small().weak());
        });
        ui.label(RichText::new(one_line(&entry.title)).strong().size(16.0));
        let (body, left) = shown(&entry.body);
        if !body.is_empty() {
            ui.add(egui::Label::new(body).wrap());
        }
        if left > 0 {
            let words = format!(
                "… and {left} more characters: open the thread in your editor to read them."
            );
            ui.label(RichText::new(words).small().weak());
        }
    });
}

/// The body as it is shown, and how many characters are not.
pub(super) fn shown(body: &str) -> (String, usize) {
    let body = body.trim_end();
    let kept: String = body.chars().take(BODY_CHARS_MAX).collect();
    let left = body.chars().count().saturating_sub(BODY_CHARS_MAX);
    (lines(&kept), left)
}

/// In the person's time zone; as written where it is no time.
pub(super) fn time(timestamp: &str) -> String {
    match timestamp.parse::<Timestamp>() {
        Ok(at) => at
            .to_zoned(TimeZone::system())
            .strftime("%-d %b %Y, %H:%M")
            .to_string(),
        Err(_) => one_line(timestamp),
    }
}
