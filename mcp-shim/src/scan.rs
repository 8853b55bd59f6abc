//! Finds the id of a message that is too long to be held, while it goes by.

/// The longest id that is kept.
const ID_BYTES_MAX: usize = 256;

/// What is read at the moment, at the top of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Key,
    AfterKey,
    Value,
}

/// A message that goes by.
#[derive(Debug)]
pub(crate) struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    at: At,
    key: Vec<u8>,
    id: Vec<u8>,
    has_method: bool,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            depth: 0,
            in_string: false,
            escaped: false,
            at: At::Key,
            key: Vec::new(),
            id: Vec::new(),
            has_method: false,
        }
    }
}

impl Scan {
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.in_string {
                self.inside_string(*byte);
            } else {
                self.outside_string(*byte);
            }
        }
    }

    /// The raw text of the id, where there is one, and whether a method was named.
    pub(crate) fn found(self) -> (Option<String>, bool) {
        let id = String::from_utf8(self.id).ok().and_then(|raw| {
            let raw = raw.trim();
            let is_scalar = raw.starts_with('"') || raw.parse::<f64>().is_ok();
            (is_scalar && serde_json::from_str::<serde::de::IgnoredAny>(raw).is_ok())
                .then(|| raw.to_owned())
        });
        (id, self.has_method)
    }

    fn inside_string(&mut self, byte: u8) {
        if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.in_string = false;
            if self.depth == 1 && self.at == At::Key {
                self.at = At::AfterKey;
                return;
            }
        }
        self.keep(byte);
    }

    fn outside_string(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.in_string = true;
                if self.depth == 1 && self.at == At::Key {
                    self.key.clear();
                    return;
                }
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b':' if self.depth == 1 && self.at == At::AfterKey => {
                self.at = At::Value;
                self.has_method |= self.key == b"method";
                if self.key == b"id" {
                    self.id.clear();
                }
                return;
            }
            b',' if self.depth == 1 => {
                self.at = At::Key;
                return;
            }
            _ => (),
        }
        if self.depth == 1 {
            self.keep(byte);
        }
    }

    fn keep(&mut self, byte: u8) {
        let into = match self.at {
            At::Key => &mut self.key,
            At::Value if self.depth == 1 && self.key == b"id" => &mut self.id,
            At::Value | At::AfterKey => return,
        };
        if self.depth == 1 && into.len() <= ID_BYTES_MAX {
            into.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, id: Option<&str>, is_call: bool) {
        for step in [1, 7, 1000] {
            let mut scan = Scan::default();
            line.as_bytes()
                .chunks(step)
                .for_each(|part| scan.feed(part));
            assert_eq!(scan.found(), (id.map(str::to_owned), is_call), "{line}");
        }
    }

    #[test]
    fn the_id_is_found_wherever_it_stands() {
        check(r#"{"id":7,"method":"m"}"#, Some("7"), true);
        check(
            r#"{"method":"m","params":{"id":1},"id":7}"#,
            Some("7"),
            true,
        );
        check(
            r#"{ "id" : "a\"b" , "result":[{"id":1}]}"#,
            Some(r#""a\"b""#),
            false,
        );
        check(
            r#"{"params":{"t":"\",\"id\":1}"},"id":-2}"#,
            Some("-2"),
            false,
        );
        check(r#"{"method":"m","params":["id",{"id":3}]}"#, None, true);
        check(r#"{"id":null,"method":"m"}"#, None, true);
        check(r#"{"id":{"id":1},"method":"m"}"#, None, true);
        check(r#"["id",1]"#, None, false);
        check("", None, false);
        let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(ID_BYTES_MAX));
        check(&long, None, false);
    }
}
