//! What people do, done to the world.

use sync_engine::event::Event;

use super::{Happening, Whom, World};
use crate::disk::Folder;
use crate::network::Weather;
use crate::people::{self, Deed};

impl World {
    pub(super) fn deed(&mut self, whom: Whom) {
        if self.weather == Weather::Fair {
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
            Deed::Sync => {
                if machine.is_on() {
                    machine.release(self.now);
                }
                Some(Event::SyncAsked)
            }
            Deed::Pause(span) => Some(Event::PauseAsked {
                until: span.map(|span| self.now + span),
            }),
            Deed::Resume => Some(Event::ResumeAsked),
            Deed::ChangeNetwork => Some(Event::NetworkChanged),
            Deed::ChangeCredential => Some(Event::CredentialChanged),
            Deed::CloseTheLid(span) => {
                machine.asleep_until = self.now + span;
                None
            }
            Deed::PullThePlug => {
                machine.crash(&mut self.chance);
                let life = machine.life;
                let whom = Whom { life, ..whom };
                self.note(&format!("{} crashes", whom.machine));
                let dark = self.chance.span(50, 10_000);
                self.after(dark, whom, Happening::Started);
                self.after(dark + gap, whom, Happening::Deed);
                return;
            }
        };
        if let Some(event) = event {
            self.note(&format!("{} {event:?}", whom.machine));
            self.machines[whom.machine].handle(event, self.now);
        }
        self.after(gap, whom, Happening::Deed);
    }

    fn say(&mut self, number: usize) {
        let machine = &mut self.machines[number];
        if !machine.is_on() {
            return;
        }
        let topic = people::topic(&mut self.chance);
        let shown = machine.shown_topic(&self.remote, &topic);
        let operation = people::say(number, topic, shown.as_deref(), self.now, &mut self.chance);
        let id = operation.id.clone();
        if self.chance.percent(3) {
            self.remote.poison(id.clone());
        }
        self.said.insert(id.clone());
        machine.disk.write(Folder::Outbox, operation);
        machine.handle(Event::Submitted { id }, self.now);
    }
}
