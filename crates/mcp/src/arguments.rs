//! Reads the arguments of a call: lenient in form, exact in what it asks for when one is wrong.

use protocol::{
    failure::{Failure, FailureCode},
    request::Delivering,
};
use rmcp::model::JsonObject;
use serde_json::Value;

use crate::{text, tools::Tool};

/// The most characters of a `Spec` trailer that a call can bring.
const SPEC_CHARS_MAX: usize = 200;

/// The arguments of one call, under their present names.
#[derive(Debug)]
pub(crate) struct Arguments {
    tool: Tool,
    values: JsonObject,
}

impl Arguments {
    pub(crate) fn new(tool: Tool, values: JsonObject) -> Self {
        Self { tool, values }
    }

    /// A text that may be absent. Clients that fill in every argument send "" for nothing.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        let text = self.any_text(name)?;
        Ok(text.filter(|text| !text.trim().is_empty()))
    }

    /// A text that must be there; it may be empty.
    pub(crate) fn required(&self, name: &str) -> Result<String, Failure> {
        self.any_text(name)?
            .ok_or_else(|| self.wrong(format!("needs \"{name}\", a text")))
    }

    /// A whole number, also as a text or with a fraction of zero.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Failure> {
        let number = match self.values.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
            Some(Value::String(text)) => whole(text.trim()),
            Some(Value::Number(number)) => whole(&number.to_string()),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
        };
        number
            .map(Some)
            .ok_or_else(|| self.not_of_form(name, "a whole number"))
    }

    /// Whether a flag is set; also as a text.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Failure> {
        let wrong = || self.not_of_form(name, "true or false");
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Ok(true),
                "false" | "0" | "" => Ok(false),
                _ => Err(wrong()),
            },
            Some(Value::Number(number)) => match number.as_f64() {
                Some(1.0) => Ok(true),
                Some(0.0) => Ok(false),
                Some(_) | None => Err(wrong()),
            },
            Some(Value::Array(_) | Value::Object(_)) => Err(wrong()),
        }
    }

    /// One of some words, in any case.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, Failure> {
        let Some(word) = self.text(name)? else {
            return Ok(None);
        };
        choices
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(word.trim()))
            .map(|(_, choice)| Some(*choice))
            .ok_or_else(|| {
                let known: Vec<_> = choices.iter().map(|(known, _)| *known).collect();
                self.not_of_form(name, &format!("one of {}", known.join(", ")))
            })
    }

    /// `model:role` of `agent_func`, `platform:model:role`. It never names the author.
    pub(crate) fn spec(&self) -> Option<String> {
        let identity = self.values.get("agent_func")?.as_str()?;
        let (_, spec) = identity.split_once(':')?;
        let spec = text::flat(spec);
        let spec = text::clipped(spec.trim(), SPEC_CHARS_MAX);
        (!spec.is_empty()).then_some(spec)
    }

    /// Key and wait of a write.
    pub(crate) fn delivering(&self) -> Result<Delivering, Failure> {
        Ok(Delivering {
            idempotency_key: self.text("idempotency_key")?,
            wait_seconds: self.integer("wait_seconds")?,
        })
    }

    fn any_text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                Err(self.not_of_form(name, "a text"))
            }
        }
    }

    fn not_of_form(&self, name: &str, form: &str) -> Failure {
        let given = match self.values.get(name) {
            Some(Value::String(text)) => format!("\"{}\"", text::clipped(&text::flat(text), 40)),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(flag)) => flag.to_string(),
            Some(Value::Array(_)) => "a list".to_owned(),
            Some(Value::Object(_)) => "an object".to_owned(),
            Some(Value::Null) | None => "nothing".to_owned(),
        };
        self.wrong(format!("takes {form} as \"{name}\", not {given}"))
    }

    fn wrong(&self, what: String) -> Failure {
        let tool = self.tool.definition().name;
        Failure::new(
            FailureCode::InvalidArgument,
            format!("{tool} {what}."),
            format!("Arguments, * required: {}.", usage(self.tool)),
        )
    }
}

/// `topic*, title, …`, from the tool's schema.
fn usage(tool: Tool) -> String {
    let schema: Value =
        serde_json::from_str(tool.definition().schema).expect("a test parses every schema");
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut names: Vec<String> = required.iter().map(|name| format!("{name}*")).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    names.extend(
        properties
            .map(|(name, _)| name.clone())
            .filter(|name| !required.contains(&name.as_str())),
    );
    names.join(", ")
}

fn whole(text: &str) -> Option<i64> {
    /// Beyond this a float skips whole numbers.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number: f64 = text.parse().ok()?;
    let whole = number as i64;
    (number.fract() == 0.0 && number.abs() <= EXACT_MAX).then_some(whole)
}
