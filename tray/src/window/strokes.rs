//! What was typed since the last frame, in parts: after a key that moves the keyboard, what is typed
//! next belongs to where it is then.
//!
//! egui gives all text of a frame to what had the keyboard when the frame began. Who types fast, or
//! pastes keys by a program, is faster than a frame drawn in memory.

use egui::{Event, Key, RawInput};

/// The input of one frame as that of several; the last may be without events.
pub(super) fn parts(mut input: RawInput) -> Vec<RawInput> {
    let mut rest = std::mem::take(&mut input.events).into_iter();
    let mut parts = Vec::new();
    loop {
        let mut events = Vec::new();
        let moves = rest.by_ref().any(|event| {
            let moves = moves_the_keyboard(&event);
            events.push(event);
            moves
        });
        parts.push(RawInput {
            events,
            ..input.clone()
        });
        if !moves {
            return parts;
        }
        // They were dropped once.
        input.dropped_files.clear();
    }
}

fn moves_the_keyboard(event: &Event) -> bool {
    let Event::Key {
        key,
        pressed: true,
        modifiers,
        ..
    } = event
    else {
        return false;
    };
    modifiers.command || matches!(key, Key::Tab | Key::Enter | Key::Escape)
}

#[cfg(test)]
mod tests {
    use egui::Modifiers;

    use super::*;

    fn key(key: Key, modifiers: Modifiers) -> Event {
        Event::Key {
            key,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers,
        }
    }

    #[test]
    fn what_is_typed_after_a_key_that_moves_the_keyboard_is_a_part_of_its_own() {
        let text = |text: &str| Event::Text(text.to_owned());
        let check = |events: Vec<Event>, expected: &[usize]| {
            let input = RawInput {
                events: events.clone(),
                ..RawInput::default()
            };
            let parts = parts(input);
            let lens: Vec<usize> = parts.iter().map(|part| part.events.len()).collect();
            assert_eq!(lens, expected);
            let all: Vec<Event> = parts.into_iter().flat_map(|part| part.events).collect();
            assert_eq!(all, events, "in order, each once");
        };
        check(vec![], &[0]);
        check(vec![text("a"), text("b")], &[2]);
        check(
            vec![
                key(Key::R, Modifiers::COMMAND),
                text("a"),
                key(Key::Tab, Modifiers::NONE),
                text("b"),
            ],
            &[1, 2, 1],
        );
        check(vec![key(Key::Enter, Modifiers::COMMAND)], &[1, 0]);
        check(vec![key(Key::A, Modifiers::NONE), text("a")], &[2]);
    }
}
