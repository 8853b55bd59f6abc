//! The window of one thread: its entries as plain text, live, and what the person answers.
//!
//! What others wrote is never markup here: nothing in it is followed, opened or drawn as anything
//! but text, and what hides or turns text is shown.

mod answer;
mod entries;

use std::sync::mpsc::{self, Receiver, Sender};

use egui::{Key, KeyboardShortcut, Modifiers, RichText};
use platform::dirs::Dirs;
use protocol::answer::{Delivery, Thread, Written};
use protocol::failure::Failure;
use protocol::request::Request;

use self::answer::{Answering, Form};
use super::frame::Screen;
use super::style::{self, Tones};
use super::thread_link::{self, Heard, Order, Place};
use crate::plain::{cut, one_line};
use crate::programs;

/// How much of a title stands in the window's own, in characters.
const TITLE_CHARS_MAX: usize = 80;

const REPLY: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::R);

/// What is said below the entries.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Well(String),
    Unwell(String),
}

/// The window's state.
pub(super) struct ThreadScreen {
    place: Place,
    heard: Receiver<Heard>,
    orders: Sender<Order>,
    programs: (Sender<String>, Receiver<String>),
    thread: Option<Thread>,
    lost: Option<String>,
    form: Form,
    said: Said,
    /// How many entries the person was shown.
    marked: u64,
    /// A new thread was read: its end is to be seen.
    is_fresh: bool,
}

impl ThreadScreen {
    /// Of that thread; it is asked for at once.
    pub(super) fn new(dirs: &Dirs, place: Place, ctx: &egui::Context) -> Self {
        let (tell, heard) = mpsc::channel();
        let orders = thread_link::begin(dirs, &place, &tell, ctx);
        Self {
            place,
            heard,
            orders,
            programs: mpsc::channel(),
            thread: None,
            lost: None,
            form: Form::default(),
            said: Said::Nothing,
            marked: 0,
            is_fresh: true,
        }
    }

    fn listen(&mut self) {
        while let Ok(heard) = self.heard.try_recv() {
            match heard {
                Heard::Read(thread) => self.thread = Some(*thread),
                Heard::Unread(failure) | Heard::Unwritten(failure) => {
                    self.form.is_sending = false;
                    self.said = Said::Unwell(words(&failure));
                }
                Heard::Written(written) => {
                    self.form.done();
                    self.said = Said::Well(told(&written));
                    self.order(Order::Read);
                }
                Heard::Lost(why) => self.lost = Some(why),
                Heard::Reached => self.lost = None,
            }
        }
        if let Ok(problem) = self.programs.1.try_recv() {
            self.said = Said::Unwell(problem);
        }
    }

    fn order(&self, order: Order) {
        // The asking thread lives as long as this window.
        let _sent = self.orders.send(order);
    }

    fn send(&mut self, request: Request) {
        self.form.is_sending = true;
        self.said = Said::Nothing;
        self.order(Order::Write(Box::new(request)));
    }

    /// What was shown counts as read: all at first, later while the person looks.
    fn mark(&mut self, ctx: &egui::Context) {
        let Some(thread) = &self.thread else {
            return;
        };
        let is_seen = self.marked == 0 || ctx.input(|input| input.focused);
        if thread.total_entries > self.marked && is_seen {
            self.marked = thread.total_entries;
            self.order(Order::Mark);
        }
    }

    fn head(&mut self, ui: &mut egui::Ui, tones: &Tones) {
        let title = self
            .thread
            .as_ref()
            .map_or(&self.place.topic, |it| &it.title);
        ui.heading(RichText::new(one_line(title)).strong());
        ui.horizontal_wrapped(|ui| {
            let place = format!("{} / {}", self.place.repository, self.place.topic);
            ui.label(RichText::new(one_line(&place)).weak());
            let Some(thread) = &self.thread else {
                return;
            };
            ui.label(RichText::new(format!("· {}", one_line(&thread.status))).weak());
            if thread.your_turn {
                ui.label(RichText::new("▶ Your turn").strong().color(tones.accent));
            } else {
                let ball = format!("· Turn of {}", one_line(&thread.ball));
                ui.label(RichText::new(ball).weak());
            }
        });
        if let Some(why) = &self.lost {
            let words = format!(
                "The daemon is not reached: {}. What stands here may be old; it is tried again.",
                one_line(why)
            );
            ui.label(RichText::new(words).color(tones.trouble));
        }
    }

    fn foot(&mut self, ui: &mut egui::Ui, tones: &Tones) {
        match &self.said {
            Said::Nothing => (),
            Said::Well(words) => {
                ui.label(RichText::new(format!("✔ {words}")).color(tones.good));
            }
            Said::Unwell(words) => {
                ui.label(RichText::new(format!("⚠ {words}")).color(tones.trouble));
            }
        }
        let asked = self.form.draw(ui, &self.place.topic, self.thread.as_ref());
        match asked {
            None => (),
            Some(Answering::Send(request)) => self.send(*request),
            Some(Answering::Edit) => {
                let arguments = [
                    "open",
                    &self.place.topic,
                    "--repository",
                    &self.place.repository,
                ];
                let (tell, wake) = (self.programs.0.clone(), ui.ctx().clone());
                programs::run_for(arguments.map(str::to_owned).into(), move |problem| {
                    let _closed = tell.send(problem);
                    wake.request_repaint();
                });
            }
        }
    }
}

impl Screen for ThreadScreen {
    fn title(&self) -> String {
        let title = self
            .thread
            .as_ref()
            .map_or(&self.place.topic, |it| &it.title);
        format!("{} — Watercooler", cut(&one_line(title), TITLE_CHARS_MAX))
    }

    fn draw(&mut self, ctx: &egui::Context) {
        self.listen();
        if ctx.input_mut(|input| input.consume_shortcut(&REPLY)) {
            self.form.reply();
        }
        egui::TopBottomPanel::top("head").show(ctx, |ui| {
            ui.add_space(8.0);
            let tones = style::tones(ui);
            self.head(ui, &tones);
            ui.add_space(6.0);
        });
        egui::TopBottomPanel::bottom("foot").show(ctx, |ui| {
            ui.add_space(8.0);
            let tones = style::tones(ui);
            self.foot(ui, &tones);
            ui.add_space(8.0);
        });
        egui::CentralPanel::default().show(ctx, |ui| {
            let wants_earlier = entries::draw(ui, self.thread.as_ref(), self.is_fresh);
            if wants_earlier {
                self.order(Order::ReadEarlier);
            }
        });
        if self.thread.is_some() {
            self.is_fresh = false;
        }
        self.mark(ctx);
    }
}

fn words(failure: &Failure) -> String {
    let hint = failure.hint.as_deref().unwrap_or_default();
    one_line(format!("{}. {hint}", failure.message.trim_end_matches('.')).trim_end())
}

fn told(written: &Written) -> String {
    let far = match (written.delivery, written.delivery_reason.as_deref()) {
        (Delivery::Pushed, _) => "Sent.".to_owned(),
        (Delivery::Local, _) => "Saved.".to_owned(),
        (Delivery::Queued, None | Some("syncing")) => "Saved, and on its way.".to_owned(),
        (Delivery::Queued, Some(why)) => {
            let why = why.replace('_', " ");
            format!("Saved on this machine ({why}); it will be sent by itself.")
        }
    };
    let turn = if written.details.ball_flipped {
        format!(" The turn goes to {}.", one_line(&written.ball))
    } else {
        String::new()
    };
    format!("{far}{turn}")
}

#[cfg(test)]
#[path = "thread/tests.rs"]
mod tests;
