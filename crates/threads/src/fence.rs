//! Code fences by the Python readers' rule, which is not CommonMark's: any indentation, and any
//! info string opens and closes.

use crate::lines::{is_blank, python_lines, skip_blanks, trim};

/// Characters that make a fence at least.
const FENCE_LEN_MIN: usize = 3;

/// What a fence line is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fence {
    /// A backtick or a tilde.
    pub(crate) mark: u8,
    /// How many of them.
    pub(crate) len: usize,
}

impl Fence {
    /// The fence that a line begins with, trimmed.
    #[inline]
    pub(crate) fn of_line(line: &[u8]) -> Option<Fence> {
        let start = match line.first()? {
            b'`' | b'~' => 0,
            // Most lines begin with a letter; this keeps them cheap.
            b'!'..=b'}' => return None,
            _ => skip_blanks(line, 0),
        };
        let mark = *line.get(start)?;
        if mark != b'`' && mark != b'~' {
            return None;
        }
        let len = line[start..]
            .iter()
            .take_while(|byte| **byte == mark)
            .count();
        (len >= FENCE_LEN_MIN).then_some(Fence { mark, len })
    }

    /// Whether this fence ends what `opener` opened.
    pub(crate) fn closes(self, opener: Fence) -> bool {
        self.mark == opener.mark && self.len >= opener.len
    }

    /// The line that closes this fence, without a break.
    pub(crate) fn closer(self) -> String {
        char::from(self.mark).to_string().repeat(self.len)
    }
}

/// The fence that is open at a place, line by line.
#[derive(Debug, Default)]
pub(crate) struct OpenFence(Option<Fence>);

impl OpenFence {
    /// Takes the next line in; says whether the line belongs to a code block, its fences included.
    #[inline]
    pub(crate) fn holds(&mut self, line: &[u8]) -> bool {
        match (self.0, Fence::of_line(line)) {
            (None, None) => false,
            (None, Some(fence)) => {
                self.0 = Some(fence);
                true
            }
            (Some(opener), fence) => {
                if fence.is_some_and(|fence| fence.closes(opener)) {
                    self.0 = None;
                }
                true
            }
        }
    }

    /// The fence that is open here.
    pub(crate) fn get(&self) -> Option<Fence> {
        self.0
    }
}

/// The fence that is open at the end of a text that begins outside any.
pub(crate) fn open_fence(text: &[u8]) -> Option<Fence> {
    let mut fence = OpenFence::default();
    for line in python_lines(text) {
        fence.holds(line.text(text));
    }
    fence.get()
}

/// Whether a line is a fence and nothing else.
pub(crate) fn is_bare_fence(line: &[u8]) -> bool {
    Fence::of_line(line).is_some_and(|fence| is_blank(&trim(line)[fence.len..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[&str], open: Option<(char, usize)>) {
        let mut state = OpenFence::default();
        for line in lines {
            state.holds(line.as_bytes());
        }
        let found = state.get().map(|fence| (char::from(fence.mark), fence.len));
        assert_eq!(found, open, "{lines:?}");
    }

    #[test]
    fn fences_open_and_close_by_pythons_rule() {
        check(&["```"], Some(('`', 3)));
        check(&["```rust", "``` any words close"], None);
        check(&["        ```", "\u{3000}```"], None);
        check(&["````", "```"], Some(('`', 4)));
        check(&["```", "`````"], None);
        check(&["```", "~~~"], Some(('`', 3)));
        check(&["~~~~", "~~~~x"], None);
        check(&["``", "`~`", "> ```", "\\```"], None);
    }
}
