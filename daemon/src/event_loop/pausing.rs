//! Takes a user's pause to the engine, whose time is not the one on the wall.

use jiff::Timestamp;
use sync_engine::event::Event;
use sync_engine::moment::Span;

use crate::event_loop::EventLoop;
use crate::pauses::Pause;

impl EventLoop {
    /// The user paused, or resumed.
    pub(super) fn paused(&mut self, pause: Option<Pause>) {
        self.pause = pause;
        if pause.is_some() {
            self.tell_of_pause();
        } else if !self.performer.is_local() {
            self.tell(Event::ResumeAsked);
        }
    }

    /// The pause that there is, as it stands by the clock on the wall.
    pub(super) fn tell_of_pause(&mut self) {
        let Some(pause) = self.pause.filter(|_| !self.performer.is_local()) else {
            return;
        };
        let until = match pause {
            Pause::UntilResumed => None,
            Pause::Until(at) => {
                let left = at.as_millisecond() - Timestamp::now().as_millisecond();
                let left = Span::from_ms(u64::try_from(left).unwrap_or_default());
                Some(self.clock.now() + left)
            }
        };
        self.tell(Event::PauseAsked { until });
    }
}
