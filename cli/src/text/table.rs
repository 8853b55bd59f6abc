//! Columns that line up.

/// The widest that a column but the last gets; longer cells push their line out.
const COLUMN_CHARS_MAX: usize = 40;

/// Lines whose cells but the last are filled up to the widest of their column.
///
/// `dress` colours a cell after its width is known: `(row, column, filled cell)`.
pub(crate) fn lines<const N: usize>(
    rows: &[[String; N]],
    dress: impl Fn(usize, usize, &str) -> String,
) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default().min(COLUMN_CHARS_MAX)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for (row, cells) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, cell) in cells.iter().enumerate() {
            if column + 1 == N {
                line.push_str(&dress(row, column, cell));
            } else if widths[column] > 0 {
                let filled = format!("{cell:<width$}", width = widths[column]);
                line.push_str(&dress(row, column, &filled));
                line.push_str("  ");
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `1 thread`, `2 threads`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_empty_ones_go() {
        let row = |cells: [&str; 4]| cells.map(str::to_owned);
        let rows = [row(["a", "", "bb", "end"]), row(["ü", "", "b", ""])];
        assert_eq!(lines(&rows, |_, _, cell| cell.into()), "a  bb  end\nü  b\n");
    }

    #[test]
    fn a_cell_over_the_limit_pushes_its_line_out() {
        let long = "x".repeat(COLUMN_CHARS_MAX + 1);
        let rows = [[long.clone(), "a".into()], ["y".into(), "b".into()]];
        let expected = format!("{long}  a\n{:<COLUMN_CHARS_MAX$}  b\n", "y");
        assert_eq!(lines(&rows, |_, _, cell| cell.into()), expected);
    }

    #[test]
    fn nouns_agree_with_their_number() {
        assert_eq!(counted(1, "entry"), "1 entry");
        assert_eq!(counted(0, "entry"), "0 entries");
        assert_eq!(counted(2, "thread"), "2 threads");
    }
}
