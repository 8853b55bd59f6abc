//! Lines from a stream, each bounded. Of one that is too long the id is found all the same, so that
//! its sender hears of it instead of waiting for ever.

use std::io::{self, BufRead, BufReader, Read};

use protocol::frame::FRAME_BYTES_MAX;

use crate::scan::Scan;

const READ_BYTES: usize = 32 << 10;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line, line feed included.
    Whole(Vec<u8>),
    /// A line over [`FRAME_BYTES_MAX`], passed over.
    TooLong {
        /// The raw text of the id, where it has one.
        id: Option<String>,
        /// Whether it names a method: a request or a notification.
        is_call: bool,
    },
    /// Nothing more will come.
    End,
}

/// The lines of a stream.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    from: BufReader<R>,
}

impl<R: Read> Lines<R> {
    pub(crate) fn of(from: R) -> Self {
        Self {
            from: BufReader::with_capacity(READ_BYTES, from),
        }
    }

    /// The next line that is not empty. A last line without a line feed counts.
    pub(crate) fn next(&mut self) -> io::Result<Line> {
        let limit = u64::try_from(FRAME_BYTES_MAX).unwrap_or(u64::MAX);
        loop {
            let mut line = Vec::new();
            (&mut self.from).take(limit).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                return Ok(Line::End);
            }
            if line.trim_ascii().is_empty() && line.len() < FRAME_BYTES_MAX {
                continue;
            }
            if line.last() == Some(&b'\n') {
                return Ok(Line::Whole(line));
            }
            if line.len() < FRAME_BYTES_MAX {
                line.push(b'\n');
                return Ok(Line::Whole(line));
            }
            return self.pass_over(&line);
        }
    }

    fn pass_over(&mut self, begun: &[u8]) -> io::Result<Line> {
        let mut scan = Scan::default();
        scan.feed(begun);
        loop {
            let more = self.from.fill_buf()?;
            let end = more.iter().position(|byte| *byte == b'\n');
            let len = end.map_or(more.len(), |at| at + 1);
            scan.feed(&more[..len]);
            self.from.consume(len);
            if end.is_some() || len == 0 {
                let (id, is_call) = scan.found();
                return Ok(Line::TooLong { id, is_call });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Line> {
        let mut lines = Lines::of(text);
        let mut found = Vec::new();
        loop {
            let line = lines.next().unwrap();
            let ended = line == Line::End;
            found.push(line);
            if ended {
                return found;
            }
        }
    }

    #[test]
    fn empty_lines_are_none_and_the_last_needs_no_line_feed() {
        let expected = vec![
            Line::Whole(b"{}\n".to_vec()),
            Line::Whole(b"[1]\r\n".to_vec()),
            Line::Whole(b"last\n".to_vec()),
            Line::End,
        ];
        assert_eq!(lines(b"\n{}\n\r\n[1]\r\n  \nlast"), expected);
        assert_eq!(lines(b""), vec![Line::End]);
    }

    #[test]
    fn a_line_over_the_limit_is_passed_over_and_named() {
        let around = r#"{"params":{"id":9,"t":""},"method":"tools/call","id":7}"#.len();
        let line_of = |fill: usize| {
            let body = "x".repeat(fill);
            format!(r#"{{"params":{{"id":9,"t":"{body}"}},"method":"tools/call","id":7}}"#) + "\n"
        };
        let fits = line_of(FRAME_BYTES_MAX - around - 1);
        assert_eq!(fits.len(), FRAME_BYTES_MAX);
        let expected = vec![Line::Whole(fits.clone().into_bytes()), Line::End];
        assert_eq!(lines(fits.as_bytes()), expected);

        let long = line_of(FRAME_BYTES_MAX - around) + "{}\n";
        let named = Line::TooLong {
            id: Some("7".into()),
            is_call: true,
        };
        let expected = vec![named, Line::Whole(b"{}\n".to_vec()), Line::End];
        assert_eq!(lines(long.as_bytes()), expected);
    }

    #[test]
    fn blanks_over_the_limit_are_a_line_without_a_name() {
        let expected = vec![
            Line::TooLong {
                id: None,
                is_call: false,
            },
            Line::End,
        ];
        assert_eq!(lines(&vec![b' '; FRAME_BYTES_MAX * 2]), expected);
    }
}
