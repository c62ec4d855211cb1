//! The arguments of a tenant's own tool: a small, flat part of JSON Schema, and the check against it.
//!
//! One object of strings, numbers and truth values. What is nested has no place in an address, and every further
//! keyword is one more way for two readers of a schema to disagree.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ToolError;
use crate::{text, tools::BadArguments};

/// Arguments of one tool.
const MOST: usize = 12;
/// Characters of a text, whatever the schema allows.
const LONGEST: u32 = 500;
/// Values of one `enum`.
const MOST_VALUES: usize = 50;

/// A schema, in the words of JSON Schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arguments {
    #[serde(rename = "type")]
    kind: Object,
    pub properties: BTreeMap<String, Property>,
    #[serde(default)]
    pub required: BTreeSet<String>,
    #[serde(default, rename = "additionalProperties")]
    others: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Object {
    Object,
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Property {
    String {
        description: String,
        #[serde(default, rename = "minLength", skip_serializing_if = "Option::is_none")]
        min_length: Option<u32>,
        #[serde(default, rename = "maxLength", skip_serializing_if = "Option::is_none")]
        max_length: Option<u32>,
        /// Only these.
        #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
        values: Vec<String>,
    },
    Integer {
        description: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum: Option<i64>,
    },
    Boolean {
        description: String,
    },
}

impl Property {
    fn description_mut(&mut self) -> &mut String {
        match self {
            Self::String { description, .. }
            | Self::Integer { description, .. }
            | Self::Boolean { description } => description,
        }
    }

    /// What is wrong with a value.
    fn check(&self, value: &Value) -> Result<(), String> {
        match (self, value) {
            (Self::String { min_length, max_length, values, .. }, Value::String(text)) => {
                let (count, most) = (text.chars().count(), max_length.unwrap_or(LONGEST));
                if count > most as usize {
                    return Err(format!("is longer than {most} characters"));
                }
                if count < min_length.unwrap_or(1) as usize {
                    return Err("is too short".into());
                }
                if text.chars().any(char::is_control) {
                    return Err("has control characters".into());
                }
                if !values.is_empty() && !values.contains(text) {
                    return Err("is none of the values that it may have".into());
                }
                Ok(())
            }
            (Self::Integer { minimum, maximum, .. }, Value::Number(number)) => {
                let Some(number) = number.as_i64() else {
                    return Err("must be a whole number".into());
                };
                if minimum.is_some_and(|least| number < least)
                    || maximum.is_some_and(|most| number > most)
                {
                    return Err("is out of its range".into());
                }
                Ok(())
            }
            (Self::Boolean { .. }, Value::Bool(_)) => Ok(()),
            (Self::String { .. }, _) => Err("must be a string".into()),
            (Self::Integer { .. }, _) => Err("must be a whole number".into()),
            (Self::Boolean { .. }, _) => Err("must be true or false".into()),
        }
    }
}

impl Arguments {
    /// Of these properties, with those of `required` among them.
    pub const fn new(properties: BTreeMap<String, Property>, required: BTreeSet<String>) -> Self {
        Self { kind: Object::Object, properties, required, others: false }
    }

    /// The schema as a model is shown it.
    pub fn schema(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    pub(super) fn cleaned(mut self) -> Result<Self, ToolError> {
        let fault = |field: String, why: &str| Err(ToolError::new(field, why));
        if self.others {
            return fault("arguments/additionalProperties".into(), "must be false");
        }
        if self.properties.len() > MOST {
            return fault("arguments/properties".into(), "must be at most 12");
        }
        if !self.required.iter().all(|name| self.properties.contains_key(name)) {
            return fault("arguments/required".into(), "names what is no property");
        }
        for (name, property) in &mut self.properties {
            let field =
                format!("arguments/properties/{}", name.chars().take(40).collect::<String>());
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if !(1..=40).contains(&name.len()) || !name.chars().all(fits) {
                return fault(field, "must be of a-z, 0-9 and _, 40 at most");
            }
            let description = property.description_mut();
            *description = text::line(description, 300).map_err(|error| {
                ToolError::new(format!("{field}/description"), error.to_string())
            })?;
            match property {
                Property::String { min_length, max_length, values, .. } => {
                    let (least, most) = (min_length.unwrap_or(0), max_length.unwrap_or(LONGEST));
                    if most > LONGEST || most == 0 || least > most {
                        return fault(field, "must be 1 to 500 characters long");
                    }
                    let short = |value: &String| (1..=100).contains(&value.chars().count());
                    if values.len() > MOST_VALUES || !values.iter().all(short) {
                        return fault(field, "must have at most 50 values of 1 to 100 characters");
                    }
                }
                Property::Integer { minimum: Some(least), maximum: Some(most), .. }
                    if *least > *most =>
                {
                    return fault(field, "must not have a `minimum` above its `maximum`");
                }
                Property::Integer { .. } | Property::Boolean { .. } => {}
            }
        }
        Ok(self)
    }

    /// Checks a call's arguments; those that are null were left out.
    pub fn check(&self, args: &Map<String, Value>) -> Result<Map<String, Value>, BadArguments> {
        let mut said = Map::new();
        for (name, value) in args.iter().filter(|(_, value)| !value.is_null()) {
            let short: String = name.chars().take(40).collect();
            let Some(property) = self.properties.get(name) else {
                return Err(BadArguments(format!("unknown field `{short}`")));
            };
            property.check(value).map_err(|why| BadArguments(format!("`{short}` {why}")))?;
            said.insert(name.clone(), value.clone());
        }
        match self.required.iter().find(|name| !said.contains_key(*name)) {
            Some(missing) => Err(BadArguments(format!("missing field `{missing}`"))),
            None => Ok(said),
        }
    }
}
