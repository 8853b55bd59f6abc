//! What has happened in the worlds: a simulation in which nothing goes wrong any more proves nothing.

use std::collections::BTreeMap;

/// How often each of [`ALL`] happens at least in [`WORLDS`] worlds; of fewer nothing is asked.
const HAPPENED_MIN: u64 = 50;

const WORLDS: u64 = 1_000;

/// What happened too rarely in so many worlds, and how often.
pub(crate) fn rare(counts: &Counts, worlds: u64) -> Vec<(Occurrence, u64)> {
    let wanted = HAPPENED_MIN * (worlds / WORLDS);
    let all = ALL
        .iter()
        .map(|&occurrence| (occurrence, counts.of(occurrence)));
    all.filter(|(_, count)| *count < wanted).collect()
}

macro_rules! occurrences {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What goes wrong, and what comes of it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Occurrence { $($(#[$doc])* $name,)* }

        pub(crate) const ALL: &[Occurrence] = &[$(Occurrence::$name,)*];
    };
}

occurrences! {
    /// An exchange took so long that its sender had given it up.
    ArrivedLate,
    /// A fetch's answer did not come back.
    FetchAnswerLost,
    /// A push was applied and its answer did not come back.
    PushAnswerLost,
    /// A push's connection broke, and its sender saw it at once.
    PushCut,
    /// A request never arrived.
    Swallowed,
    /// The network, or the server, said no at once.
    TurnedAway,
    /// A push on an old tip.
    PushRejected,
    /// A push that begins anew after an unknown end.
    PushedAfterUnknown,
    /// A push was refused by rules and split.
    Sifted,
    /// A part of a split push was taken.
    PartTaken,
    /// A part of a split push was lost on its way.
    PartLost,
    /// A part of a split push was applied and its answer lost.
    PartAnswerLost,
    /// Another writer came between two parts.
    PartRejected,
    /// The power failed between two parts, of which one was taken.
    CrashedBetweenParts,
    /// A split push found what is at fault.
    Held,
    /// Held once more.
    HeldAgain,
    /// Held operations were tried once more.
    Released,
    /// The branch began to refuse everything.
    Closed,
    /// A push was refused while it did.
    RefusedWhileClosed,
    /// It healed while something waited for that.
    HealedWithWaiting,
    /// Somebody else's program appended an entry.
    ForeignEntry,
    /// A person appended one without an ID or a trailer.
    ForeignEntryWithoutId,
    /// Such an entry left a code fence open.
    ForeignOpenFence,
    /// One of our entries was put behind a fence that was left open.
    PutBehindOpenFence,
    /// A commit was reverted by another one.
    Reverted,
    /// That was reverted too.
    RevertedBack,
    /// A thread's file was removed.
    FileRemoved,
    /// The branch was forced back to an older tip.
    Reset,
    /// That was undone.
    ResetBack,
    /// History was rewritten, trailers and all.
    Squashed,
    /// The branch was deleted.
    BranchDeleted,
    /// A deleted branch was made anew at its old tip.
    BranchRestored,
    /// A deleted branch was made anew from what it held, or less.
    BranchMadeAnew,
    /// A fetch met a branch that is gone.
    FetchFoundNoBranch,
    /// A push met a branch that is gone.
    PushFoundNoBranch,
    /// A machine saw a tip that does not descend from the one before.
    SawRewritten,
    /// A machine counted entries as vanished.
    CountedVanished,
    /// Such entries came back.
    CameBack,
    /// A pending operation was found to have landed in the tip before.
    Landed,
    /// A push had nothing to send, since all of it had landed before.
    FoundThere,
    /// An operation had landed before it was sent, and its entry was gone again.
    FoundGone,
    /// The disk did not take a write, and its writer was told.
    NotKept,
    /// Nobody can say whether the disk took a write.
    Uncertain,
    /// The power failed.
    Crashed,
    /// With the clone.
    CloneLost,
    /// While an operation that was done still stood in the outbox.
    CrashedUnsettled,
    /// A machine slept.
    Slept,
    /// Somebody wanted quiet.
    Paused,
}

/// How often each of them happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts(BTreeMap<Occurrence, u64>);

impl Counts {
    pub(crate) fn note(&mut self, occurrence: Occurrence) {
        *self.0.entry(occurrence).or_default() += 1;
    }

    pub(crate) fn add(&mut self, others: &Self) {
        for (occurrence, count) in &others.0 {
            *self.0.entry(*occurrence).or_default() += count;
        }
    }

    pub(crate) fn of(&self, occurrence: Occurrence) -> u64 {
        self.0.get(&occurrence).copied().unwrap_or_default()
    }
}
