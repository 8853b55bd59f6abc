//! What becomes of an exchange with the remote: how long it takes, and where it is cut.

use sync_engine::moment::{Moment, Span};
use sync_engine::trouble::{Trouble, TroubleKind};

use crate::chance::Chance;

/// After this long a machine gives an exchange up; what it sent may still arrive.
pub(crate) const GIVEN_UP_AFTER: Span = Span::from_secs(10);

/// How one exchange goes.
pub(crate) enum Fate {
    /// There and back.
    Whole { there: Span, back: Span },
    /// It arrives, perhaps long after it was given up; no answer comes back.
    AnswerLost { there: Span },
    /// So, and the connection breaks at once, before or after it arrived.
    Cut { there: Span, after: Span },
    /// It does not get there, and that is known.
    Refused { after: Span, trouble: Trouble },
    /// It does not get there, and nobody knows.
    Swallowed,
}

/// How the network is just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    Fair,
    /// Something goes wrong now and then.
    Mild,
    Rough,
}

/// How long it is rough, and how long mild.
const SPELL: Span = Span::from_secs(8);

impl Weather {
    /// The weather of troubled times: in rough weather alone hardly anything would get anywhere.
    pub(crate) fn at(now: Moment) -> Self {
        if (now.as_ms() / SPELL.as_ms()).is_multiple_of(2) {
            Self::Rough
        } else {
            Self::Mild
        }
    }
}

/// How many exchanges in a hundred go as in fair weather, when it is mild.
const FAIR_WHEN_MILD_PERCENT: u64 = 80;

const REFUSALS: [TroubleKind; 6] = [
    TroubleKind::Offline,
    TroubleKind::RateLimited,
    TroubleKind::CredentialRefused,
    TroubleKind::HostKeyUnknown,
    TroubleKind::PushRefused,
    TroubleKind::NotFound,
];

pub(crate) fn fate(weather: Weather, chance: &mut Chance) -> Fate {
    let (there, back) = (chance.span(5, 400), chance.span(5, 400));
    let is_fair = match weather {
        Weather::Fair => true,
        Weather::Mild => chance.percent(FAIR_WHEN_MILD_PERCENT),
        Weather::Rough => false,
    };
    if is_fair {
        return Fate::Whole { there, back };
    }
    match chance.below(100) {
        0..57 => Fate::Whole { there, back },
        57..65 => Fate::Whole {
            there: chance.span(500, 15_000),
            back,
        },
        65..72 => Fate::AnswerLost { there },
        72..79 => Fate::Cut { there, after: back },
        79..84 => Fate::AnswerLost {
            there: chance.span(1_000, 30_000),
        },
        84..88 => Fate::Swallowed,
        88..96 => Fate::Refused {
            after: there,
            trouble: Trouble::new(TroubleKind::Offline),
        },
        _ => {
            let kind = *chance.pick(&REFUSALS);
            let named = kind == TroubleKind::RateLimited && chance.percent(50);
            let retry_after = named.then(|| chance.span(1_000, 100_000));
            Fate::Refused {
                after: there,
                trouble: Trouble { kind, retry_after },
            }
        }
    }
}
