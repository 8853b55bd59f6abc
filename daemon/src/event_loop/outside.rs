//! Takes to the engine what became of the machine: it awoke, has another network, or is to poll
//! less often.

use sync_engine::event::Event;

use crate::event_loop::EventLoop;

impl EventLoop {
    /// The machine is in something else.
    pub(super) fn outside_changed(&mut self) {
        let outside = *self.outside.borrow_and_update();
        let heeded = std::mem::replace(&mut self.heeded, outside);
        if outside.slower != heeded.slower {
            let limits = self.limits.slowed(outside.slower);
            self.engine.set_limits(limits, self.clock.now());
        }
        if outside.changes != heeded.changes {
            // Its end stands on the wall, and the engine's time stood still in sleep.
            self.tell_of_pause();
            self.tell(Event::NetworkChanged);
        }
    }
}
