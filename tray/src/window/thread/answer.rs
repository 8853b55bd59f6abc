//! What the person answers in a thread: a reply, a nod, or a hand-off.

use std::process;
use std::time::SystemTime;

use egui::{Key, KeyboardShortcut, Modifiers, TextEdit};
use protocol::answer::Thread;
use protocol::request::{Ack, Delivering, Handoff, Request, Say};

use crate::plain::one_line;

const SEND: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Enter);

/// How many people a hand-off offers.
pub(super) const OFFERED_MAX: usize = 6;

/// How long a title may be, in characters; source: the outside contract, section 5.
pub(super) const TITLE_CHARS_MAX: usize = 200;

/// What was asked for by a click or a key.
#[derive(Debug)]
pub(super) enum Answering {
    /// Write that.
    Send(Box<Request>),
    /// Open the thread in the person's editor.
    Edit,
}

/// Which form is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    None,
    Reply,
    Handoff,
}

/// What the person has typed.
#[derive(Debug, Default)]
pub(super) struct Form {
    open: Open,
    is_new: bool,
    title: String,
    body: String,
    to: String,
    /// Recognises the draft when it is sent again after a connection that broke.
    key: Option<String>,
    /// An answer is awaited.
    pub(super) is_sending: bool,
}

impl Form {
    /// Opens the reply.
    pub(super) fn reply(&mut self) {
        self.turn_to(Open::Reply);
    }

    /// What was sent is durable; a draft that was not sent stays.
    pub(super) fn done(&mut self) {
        if self.open == Open::None {
            self.is_sending = false;
            self.key = None;
        } else {
            *self = Self::default();
        }
    }

    fn turn_to(&mut self, open: Open) {
        if self.open != open {
            self.open = open;
            self.is_new = true;
        }
    }

    /// Draws it.
    pub(super) fn draw(
        &mut self,
        ui: &mut egui::Ui,
        topic: &str,
        thread: Option<&Thread>,
    ) -> Option<Answering> {
        match self.open {
            Open::None => self.buttons(ui, topic),
            Open::Reply => {
                self.title_field(ui);
                self.text(ui, "Text", "What you have to say");
                let is_ready = !self.title.trim().is_empty() && !self.body.trim().is_empty();
                self.end(ui, "Send", is_ready)
                    .then(|| Answering::Send(Box::new(self.say(topic))))
            }
            Open::Handoff => {
                self.receiver_field(ui, thread);
                self.text(ui, "Note", "What they should know, if anything");
                let is_ready = !self.to.trim().is_empty();
                self.end(ui, "Hand off", is_ready)
                    .then(|| Answering::Send(Box::new(self.handoff(topic))))
            }
        }
    }

    fn buttons(&mut self, ui: &mut egui::Ui, topic: &str) -> Option<Answering> {
        let mut asked = None;
        ui.horizontal_wrapped(|ui| {
            ui.add_enabled_ui(!self.is_sending, |ui| {
                if ui.button("Reply…").on_hover_text("Ctrl+R").clicked() {
                    self.turn_to(Open::Reply);
                }
                if ui
                    .button("Acknowledge")
                    .on_hover_text("Say that you have read it; the turn stays")
                    .clicked()
                {
                    asked = Some(Answering::Send(Box::new(self.ack(topic))));
                }
                if ui
                    .button("Hand off…")
                    .on_hover_text("Pass the turn to somebody else")
                    .clicked()
                {
                    self.turn_to(Open::Handoff);
                }
            });
            if ui.button("Open in editor").clicked() {
                asked = Some(Answering::Edit);
            }
        });
        asked
    }

    fn title_field(&mut self, ui: &mut egui::Ui) {
        let label = ui.label("Title");
        let field = TextEdit::singleline(&mut self.title)
            .char_limit(TITLE_CHARS_MAX)
            .desired_width(f32::INFINITY);
        let field = ui.add(field).labelled_by(label.id);
        if self.is_new {
            field.request_focus();
            self.is_new = false;
        }
    }

    fn receiver_field(&mut self, ui: &mut egui::Ui, thread: Option<&Thread>) {
        let label = ui.label("To");
        let field = TextEdit::singleline(&mut self.to)
            .hint_text("a name, as in Claude (bob), or team")
            .desired_width(f32::INFINITY);
        let field = ui.add(field).labelled_by(label.id);
        if self.is_new {
            field.request_focus();
            self.is_new = false;
        }
        ui.horizontal_wrapped(|ui| {
            for name in offered(thread) {
                if ui.small_button(one_line(&name)).clicked() {
                    self.to = name;
                }
            }
        });
    }

    fn text(&mut self, ui: &mut egui::Ui, name: &str, hint: &str) {
        let label = ui.label(name);
        egui::ScrollArea::vertical()
            .id_salt("text")
            .max_height(140.0)
            .show(ui, |ui| {
                let field = TextEdit::multiline(&mut self.body)
                    .hint_text(hint)
                    .desired_rows(4)
                    .desired_width(f32::INFINITY);
                ui.add(field).labelled_by(label.id);
            });
    }

    /// The buttons below a form; whether it is to be sent.
    fn end(&mut self, ui: &mut egui::Ui, words: &str, is_ready: bool) -> bool {
        let is_ready = is_ready && !self.is_sending;
        let mut is_sent = is_ready && ui.input_mut(|input| input.consume_shortcut(&SEND));
        let mut is_left = false;
        ui.horizontal(|ui| {
            let send = egui::Button::new(words);
            is_sent |= ui
                .add_enabled(is_ready, send)
                .on_hover_text("Ctrl+Enter")
                .clicked();
            is_left = ui.button("Cancel").clicked();
            if self.is_sending {
                ui.label("Saving…");
            }
        });
        if is_left {
            // What was typed stays for another time.
            self.open = Open::None;
        }
        is_sent
    }

    fn say(&mut self, topic: &str) -> Request {
        Request::Say(Say {
            topic: topic.to_owned(),
            title: self.title.trim().to_owned(),
            body: self.body.clone(),
            delivery: self.delivering(),
            ..Say::default()
        })
    }

    fn ack(&mut self, topic: &str) -> Request {
        Request::Ack(Ack {
            topic: topic.to_owned(),
            delivery: self.delivering(),
            ..Ack::default()
        })
    }

    fn handoff(&mut self, topic: &str) -> Request {
        let note = self.body.trim();
        Request::Handoff(Handoff {
            topic: topic.to_owned(),
            to: Some(self.to.trim().to_owned()),
            note: (!note.is_empty()).then(|| note.to_owned()),
            delivery: self.delivering(),
            ..Handoff::default()
        })
    }

    /// A new key where the draft has changed since the last one would be refused as another write.
    fn delivering(&mut self) -> Delivering {
        let text = (&self.title, &self.body, &self.to);
        let mark = format!("{text:?}");
        let is_same = self
            .key
            .as_deref()
            .is_some_and(|key| key.ends_with(&digest(&mark)));
        if !is_same {
            let since = SystemTime::UNIX_EPOCH
                .elapsed()
                .unwrap_or_default()
                .as_nanos();
            self.key = Some(format!("tray-{}-{since}-{}", process::id(), digest(&mark)));
        }
        Delivering {
            idempotency_key: self.key.clone(),
            wait_seconds: None,
        }
    }
}

fn digest(text: &str) -> String {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Those who wrote last, and everybody.
pub(super) fn offered(thread: Option<&Thread>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let entries = thread.iter().flat_map(|thread| thread.entries.iter().rev());
    for entry in entries {
        if names.len() + 1 < OFFERED_MAX && !names.contains(&entry.agent) {
            names.push(entry.agent.clone());
        }
    }
    names.push("team".to_owned());
    names
}
