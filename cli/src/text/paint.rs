//! Colours, where they are wanted.

/// Paints text, or leaves it as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// Paints where `on`.
    pub(crate) fn new(on: bool) -> Self {
        Self { on }
    }

    /// What matters most on a line.
    pub(crate) fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// What matters least.
    pub(crate) fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// All is well.
    pub(crate) fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Somebody should look.
    pub(crate) fn bad(self, text: &str) -> String {
        self.paint("33", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stand_only_where_they_are_wanted() {
        assert_eq!(Paint::new(false).strong("x"), "x");
        assert_eq!(Paint::new(true).strong("x"), "\u{1b}[1mx\u{1b}[0m");
        assert_eq!(Paint::new(true).bad(""), "");
    }
}
