//! One machine: the real engine, and a model of the daemon around it.

use std::collections::BTreeSet;
use std::sync::Arc;

use sync_engine::action::Action;
use sync_engine::engine::Engine;
use sync_engine::event::Event;
use sync_engine::limits::Limits;
use sync_engine::moment::{Moment, Span};
use sync_engine::state::Kind;
use sync_engine::trouble::{Trouble, TroubleKind};
use threads::entry_id::EntryId;
use threads::operation::Operation;
use threads::topic::Topic;

use crate::chance::Chance;
use crate::disk::{Disk, Folder};
use crate::remote::{Files, Remote, Sent, Tip, put};

/// Operations of one push: more must wait for the next now and then.
const PUSH_OPERATIONS_MAX: usize = 4;

pub(crate) struct Machine {
    pub(crate) number: usize,
    pub(crate) disk: Disk,
    /// The tip that the clone has.
    pub(crate) known: Tip,
    /// Counts the crashes: what was under way before one concerns nobody after it.
    pub(crate) life: u32,
    pub(crate) power: Power,
    pub(crate) asleep_until: Moment,
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
            known: 0,
            life: 0,
            power: Power::Off,
            asleep_until: Moment::ZERO,
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
        let mut engine = Engine::new(self.kind, Limits::default(), chance.number(), now);
        if !self.disk.list(Folder::Held).is_empty() {
            let trouble = Trouble::new(TroubleKind::PushRefused);
            engine.handle(Event::TroubleFound { trouble }, now);
        }
        engine.handle(
            Event::Started {
                pending: self.disk.list(Folder::Outbox),
            },
            now,
        );
        self.power = Power::On(engine);
    }

    /// The power fails. The clone is a cache, and may be gone too.
    pub(crate) fn crash(&mut self, chance: &mut Chance) {
        self.life += 1;
        self.power = Power::Off;
        self.exchange = None;
        self.released.clear();
        self.asleep_until = Moment::ZERO;
        self.disk.crash(chance);
        if chance.percent(20) {
            self.known = 0;
        }
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

    /// What a push sends now.
    pub(crate) fn batch(&self) -> Vec<Sent> {
        let pending = self.pending().into_iter().take(PUSH_OPERATIONS_MAX);
        let sent = pending.map(|operation| Sent {
            was_held: self.released.contains(&operation.id),
            operation,
        });
        sent.collect()
    }

    /// What waits for the remote.
    pub(crate) fn pending(&self) -> Vec<Operation> {
        let ids = self.engine().into_iter().flat_map(Engine::pending_ids);
        ids.map(|id| self.disk.get(id).expect("what is pending is kept").clone())
            .collect()
    }

    /// What this machine shows: the tip and the outbox.
    pub(crate) fn shown(&self, remote: &Remote) -> Files {
        let mut files = remote.files(self.known).clone();
        for operation in self.pending() {
            put(&mut files, &operation);
        }
        files
    }

    /// What this machine shows of one topic.
    pub(crate) fn shown_topic(&self, remote: &Remote, topic: &Topic) -> Option<Arc<[u8]>> {
        let mut files = remote.files(self.known).clone();
        for operation in self
            .pending()
            .iter()
            .filter(|operation| operation.topic == *topic)
        {
            put(&mut files, operation);
        }
        files.remove(topic)
    }

    /// The remote holds these; they leave the outbox, and nobody waits for the disk.
    pub(crate) fn done(&mut self, ids: &[EntryId]) {
        for id in ids {
            self.disk.remove(id);
        }
    }

    /// Somebody asks: what was set aside waits once more.
    pub(crate) fn release(&mut self, now: Moment) {
        for id in self.disk.list(Folder::Held) {
            if let Some(operation) = self.disk.get(&id).cloned() {
                self.disk.write(Folder::Outbox, operation);
                self.disk.sync(&id);
            }
            self.released.insert(id.clone());
            self.handle(Event::Kept { id }, now);
        }
        let kind = TroubleKind::PushRefused;
        self.handle(Event::TroubleGone { kind }, now);
    }

    /// The remote refuses these; they are set aside.
    pub(crate) fn held(&mut self, ids: &[EntryId]) {
        for id in ids {
            if let Some(operation) = self.disk.get(id).cloned() {
                self.disk.write(Folder::Held, operation);
                self.disk.sync(id);
            }
        }
    }

    /// A fetch showed this tip.
    pub(crate) fn fetched(&mut self, tip: Tip, remote: &Remote, took: Span, now: Moment) {
        let moved = tip != self.known;
        let writers = remote.others_since(self.known.min(tip), self.number);
        self.known = tip;
        // Some daemons look for what arrived with an answer that was lost; replay finds it too.
        if self.number.is_multiple_of(2) {
            let mut ids = self.disk.list(Folder::Outbox);
            ids.retain(|id| remote.holds(tip, id));
            self.done(&ids);
            self.handle(Event::Settled { ids }, now);
        }
        self.handle(
            Event::Fetched {
                moved,
                writers,
                took,
            },
            now,
        );
    }
}
