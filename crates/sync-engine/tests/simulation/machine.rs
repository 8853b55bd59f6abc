//! One machine: the real engine, and a model of the daemon around it.

mod fetching;
mod pushing;

use std::collections::BTreeSet;
use std::sync::Arc;

use sync_engine::action::Action;
use sync_engine::engine::Engine;
use sync_engine::event::Event;
use sync_engine::limits::Limits;
use sync_engine::moment::Moment;
use sync_engine::state::Kind;
use sync_engine::trouble::{Trouble, TroubleKind};
use threads::entry_id::EntryId;
use threads::operation::Operation;
use threads::topic::Topic;

use crate::chance::Chance;
use crate::coverage::{Counts, Occurrence};
use crate::disk::{Disk, Folder};
use crate::remote::{Files, Remote, Tip};
use crate::replay::put;
pub(crate) use pushing::{PartAnswer, Pushing};

pub(crate) struct Machine {
    pub(crate) number: usize,
    pub(crate) disk: Disk,
    /// The tip that is shown.
    pub(crate) base: Tip,
    /// The tip that the clone has: ahead of `base` in the midst of a push.
    pub(crate) clone: Tip,
    /// The old tips that the clone keeps.
    pub(crate) backups: BTreeSet<Tip>,
    /// What vanished from the remote, and no person has seen to it.
    pub(crate) vanished: BTreeSet<EntryId>,
    /// What was ever told to have vanished.
    pub(crate) told: BTreeSet<EntryId>,
    /// What stood in a base, as far back as the clone and the outbox can tell.
    pub(crate) saw: BTreeSet<EntryId>,
    /// A push was rejected, or nobody knows what came of it: the remote must be looked at first.
    pub(crate) must_look: bool,
    /// Nobody knows what came of the last push.
    unknown: bool,
    /// The remote took none of what was tried last, by its rules.
    held_back: bool,
    /// Counts the crashes: what was under way before one concerns nobody after it.
    pub(crate) life: u32,
    pub(crate) power: Power,
    pub(crate) asleep_until: Moment,
    /// The push under way.
    pub(crate) pushing: Option<Pushing>,
    /// The number of the exchange under way; each has its own.
    exchange: Option<u64>,
    exchanges: u64,
    /// What was held and waits once more; only memory knows.
    released: BTreeSet<EntryId>,
    kind: Kind,
}

/// Whether the daemon runs.
#[expect(clippy::large_enum_variant, reason = "there are three machines")]
pub(crate) enum Power {
    On(Engine),
    Off,
}

impl Machine {
    pub(crate) fn new(number: usize, kind: Kind) -> Self {
        Self {
            number,
            disk: Disk::default(),
            base: 0,
            clone: 0,
            backups: BTreeSet::new(),
            vanished: BTreeSet::new(),
            told: BTreeSet::new(),
            saw: BTreeSet::new(),
            must_look: false,
            unknown: false,
            held_back: false,
            life: 0,
            power: Power::Off,
            asleep_until: Moment::ZERO,
            pushing: None,
            exchange: None,
            exchanges: 0,
            released: BTreeSet::new(),
            kind,
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.engine().is_some()
    }

    pub(crate) fn engine(&self) -> Option<&Engine> {
        match &self.power {
            Power::On(engine) => Some(engine),
            Power::Off => None,
        }
    }

    pub(crate) fn handle(&mut self, event: Event, now: Moment) {
        if let Power::On(engine) = &mut self.power {
            engine.handle(event, now);
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Moment) {
        if let Power::On(engine) = &mut self.power {
            engine.handle_timeout(now);
        }
    }

    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        match &mut self.power {
            Power::On(engine) => engine.poll_action(),
            Power::Off => None,
        }
    }

    /// When its timer goes off; no sooner than it wakes.
    pub(crate) fn timer(&self) -> Option<Moment> {
        Some(self.engine()?.poll_timeout()?.max(self.asleep_until))
    }

    pub(crate) fn start(&mut self, chance: &mut Chance, now: Moment) {
        let engine = Engine::new(self.kind, Limits::default(), chance.number(), now);
        self.power = Power::On(engine);
        let pending = self.disk.list(Folder::Outbox);
        self.handle(Event::Started { pending }, now);
        if !self.disk.list(Folder::Held).is_empty() {
            let trouble = Trouble::new(TroubleKind::PushRefused);
            self.handle(Event::TroubleFound { trouble }, now);
        }
        self.tell_of_losses(now);
    }

    /// The power fails. The clone is a cache, and may be gone too; what it was the only one to know
    /// of what stood on the remote is given back.
    pub(crate) fn crash(
        &mut self,
        remote: &Remote,
        chance: &mut Chance,
        counts: &mut Counts,
    ) -> BTreeSet<EntryId> {
        counts.note(Occurrence::Crashed);
        if self.pushing.take().is_some_and(|push| push.is_in_parts()) && self.clone != self.base {
            counts.note(Occurrence::CrashedBetweenParts);
        }
        let pending: BTreeSet<EntryId> = self.pending_ids().cloned().collect();
        let in_outbox = self.disk.list(Folder::Outbox).into_iter();
        let unsettled: BTreeSet<EntryId> = in_outbox.filter(|id| !pending.contains(id)).collect();
        self.life += 1;
        self.power = Power::Off;
        self.exchange = None;
        self.must_look = false;
        self.held_back = false;
        self.released.clear();
        self.asleep_until = Moment::ZERO;
        self.disk.crash(chance);
        let mut forgotten = BTreeSet::new();
        // Done, and nothing durable says so: an older base may be all that knew of it.
        for id in unsettled.iter().filter(|&id| self.saw.contains(id)) {
            counts.note(Occurrence::CrashedUnsettled);
            forgotten.insert(id.clone());
        }
        if chance.percent(20) {
            counts.note(Occurrence::CloneLost);
            self.clone = 0;
            self.backups.clear();
            forgotten.append(&mut self.saw);
        }
        self.saw.retain(|id| !forgotten.contains(id));
        self.base = self.clone;
        self.saw.extend(remote.ids(self.base));
        forgotten
    }

    /// Begins an exchange; its number.
    pub(crate) fn begin_exchange(&mut self) -> u64 {
        assert_eq!(self.exchange, None, "one on the network at a time");
        self.exchanges += 1;
        self.exchange = Some(self.exchanges);
        self.exchanges
    }

    /// Whether this exchange was still waited for; it is no more.
    pub(crate) fn end_exchange(&mut self, number: u64) -> bool {
        self.exchange
            .take_if(|current| *current == number)
            .is_some()
    }

    pub(crate) fn pending_ids(&self) -> impl Iterator<Item = &EntryId> {
        self.engine().into_iter().flat_map(Engine::pending_ids)
    }

    /// What waits for the remote.
    pub(crate) fn pending(&self) -> Vec<Operation> {
        self.pending_ids()
            .map(|id| self.disk.get(id).expect("what is pending is kept").clone())
            .collect()
    }

    /// What this machine shows: the tip and the outbox.
    pub(crate) fn shown(&self, remote: &Remote) -> Files {
        let mut files = remote.files(self.base).clone();
        for operation in self.pending() {
            put(&mut files, &operation);
        }
        files
    }

    /// What this machine shows of one topic.
    pub(crate) fn shown_topic(&self, remote: &Remote, topic: &Topic) -> Option<Arc<[u8]>> {
        let mut files = remote.files(self.base).clone();
        for operation in self
            .pending()
            .iter()
            .filter(|operation| operation.topic == *topic)
        {
            put(&mut files, operation);
        }
        files.remove(topic)
    }

    /// Somebody asks: what was set aside waits once more.
    pub(crate) fn release(&mut self, now: Moment, counts: &mut Counts) {
        for id in self.disk.list(Folder::Held) {
            counts.note(Occurrence::Released);
            self.disk.move_to(Folder::Outbox, &id);
            self.released.insert(id.clone());
            self.handle(Event::Kept { id }, now);
        }
        let kind = TroubleKind::PushRefused;
        self.handle(Event::TroubleGone { kind }, now);
    }

    /// A person has seen to what vanished.
    pub(crate) fn seen_to(&mut self, now: Moment) {
        self.vanished.clear();
        self.tell_of_losses(now);
    }

    fn tell_of_losses(&mut self, now: Moment) {
        let kind = TroubleKind::Rewritten;
        let event = if self.vanished.is_empty() {
            Event::TroubleGone { kind }
        } else {
            Event::TroubleFound {
                trouble: Trouble::new(kind),
            }
        };
        self.handle(event, now);
    }

    /// What landed was taken off the remote before this machine saw it there.
    fn found_gone(&mut self, ids: Vec<EntryId>, now: Moment, counts: &mut Counts) {
        for id in ids {
            counts.note(Occurrence::FoundGone);
            self.told.insert(id.clone());
            self.vanished.insert(id);
        }
        self.tell_of_losses(now);
    }

    fn set_base(&mut self, tip: Tip, remote: &Remote) {
        self.base = tip;
        self.clone = tip;
        self.saw.extend(remote.ids(tip));
    }
}
