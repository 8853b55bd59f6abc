//! `doctor`: a line each, and below it what to do.

use crate::commands::doctor::{Finding, Standing};
use crate::plain::one_line;
use crate::text::paint::Paint;

/// All that was found.
pub(crate) fn text(findings: &[Finding], fixed: &[String], paint: Paint) -> String {
    let mut text = String::new();
    for words in fixed {
        text.push_str(&format!("Fixed: {}\n", one_line(words)));
    }
    for found in findings {
        let mark = match found.standing {
            Standing::Well => paint.good("✓"),
            Standing::Note => paint.faint("•"),
            Standing::Problem => paint.bad("✗"),
        };
        let (name, words) = (paint.strong(&one_line(&found.name)), one_line(&found.words));
        text.push_str(&format!("{mark} {name}: {words}\n"));
        if !found.hint.is_empty() {
            text.push_str(&format!("    {}\n", one_line(&found.hint)));
        }
    }
    text
}
