//! What people do, done to the world.

use sync_engine::event::Event;

use super::{Happening, Whom, World};
use crate::coverage::Occurrence;
use crate::disk::Folder;
use crate::people::{self, Deed};

impl World {
    pub(super) fn deed(&mut self, whom: Whom) {
        if self.is_calm {
            return;
        }
        let gap = self.chance.span(10, 2_000);
        let machine = &mut self.machines[whom.machine];
        let event = match people::deed(&mut self.chance) {
            Deed::Say => {
                self.say(whom.machine);
                None
            }
            Deed::Wait => {
                let newest = machine
                    .engine()
                    .and_then(|engine| engine.pending_ids().last());
                newest.map(|id| Event::Awaited { id: id.clone() })
            }
            Deed::Look => Some(Event::ClientActive),
            Deed::Sync { by_a_person } => {
                if machine.is_on() {
                    machine.release(self.now, &mut self.counts);
                    if by_a_person {
                        machine.seen_to(self.now);
                    }
                }
                Some(Event::SyncAsked)
            }
            Deed::Pause(span) => {
                self.counts.note(Occurrence::Paused);
                Some(Event::PauseAsked {
                    until: span.map(|span| self.now + span),
                })
            }
            Deed::Resume => Some(Event::ResumeAsked),
            Deed::ChangeNetwork => Some(Event::NetworkChanged),
            Deed::ChangeCredential => Some(Event::CredentialChanged),
            Deed::CloseTheLid(span) => {
                self.counts.note(Occurrence::Slept);
                machine.asleep_until = self.now + span;
                None
            }
            Deed::PullThePlug => {
                self.pull_the_plug(whom);
                return;
            }
        };
        if let Some(event) = event {
            self.note(&format!("{} {event:?}", whom.machine));
            self.machines[whom.machine].handle(event, self.now);
        }
        self.after(gap, whom, Happening::Deed);
    }

    /// The power fails, and comes back; people go on then.
    pub(super) fn pull_the_plug(&mut self, whom: Whom) {
        if self.is_calm {
            return;
        }
        let machine = &mut self.machines[whom.machine];
        let forgotten = machine.crash(&self.remote, &mut self.chance, &mut self.counts);
        let life = machine.life;
        self.answers.forgotten.extend(forgotten);
        self.note(&format!("{} crashes", whom.machine));
        let whom = Whom { life, ..whom };
        let dark = self.chance.span(50, 10_000);
        self.after(dark, whom, Happening::Started);
        let gap = self.chance.span(10, 2_000);
        self.after(dark + gap, whom, Happening::Deed);
    }

    fn say(&mut self, number: usize) {
        let machine = &mut self.machines[number];
        if !machine.is_on() {
            return;
        }
        let topic = people::topic(&mut self.chance);
        let shown = machine.shown_topic(&self.remote, &topic);
        let made_on = machine.base;
        let mut operation =
            people::say(number, topic, shown.as_deref(), self.now, &mut self.chance);
        operation.made_on = (made_on != 0).then(|| made_on.to_string());
        let id = operation.id.clone();
        if self.chance.percent(5) {
            self.remote.poison(id.clone());
        }
        machine.disk.write(Folder::Outbox, operation);
        machine.handle(Event::Submitted { id }, self.now);
    }
}
