//! JSON as it was written: entries in order, repeated keys kept, nothing deeper than the limit.

use crate::limits::{JSON_DEPTH_MAX, PAYLOAD_DEPTH_MAX};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JsonNode {
    Null,
    Flag(bool),
    /// The number as text. Whole numbers beyond 64 bits lose digits, as in every reader with doubles.
    Number(String),
    Text(String),
    List(Vec<JsonNode>),
    Object(Vec<(String, JsonNode)>),
    /// A list or object below the depth limit, skipped.
    TooDeep,
}

impl<'de> Deserialize<'de> for JsonNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Below(JSON_DEPTH_MAX).deserialize(deserializer)
    }
}

/// A value read as deep as vendors nest.
pub(crate) struct Payload(pub JsonNode);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Below(PAYLOAD_DEPTH_MAX).deserialize(deserializer).map(Self)
    }
}

/// Reads a value with so many levels left.
#[derive(Clone, Copy)]
struct Below(usize);

impl<'de> DeserializeSeed<'de> for Below {
    type Value = JsonNode;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<JsonNode, D::Error> {
        if self.0 == 0 {
            // Skipped without recursion, so that no depth can exhaust the stack.
            return IgnoredAny::deserialize(deserializer).map(|_| JsonNode::TooDeep);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Below {
    type Value = JsonNode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<JsonNode, E> {
        Ok(JsonNode::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<JsonNode, E> {
        Ok(JsonNode::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<JsonNode, E> {
        Ok(JsonNode::Number(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<JsonNode, E> {
        Ok(JsonNode::Number(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<JsonNode, E> {
        Ok(JsonNode::Number(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<JsonNode, E> {
        Ok(JsonNode::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<JsonNode, E> {
        Ok(JsonNode::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<JsonNode, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self(self.0.saturating_sub(1)))? {
            list.push(item);
        }
        Ok(JsonNode::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<JsonNode, A::Error> {
        let mut object = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            object.push((key, entries.next_value_seed(Self(self.0.saturating_sub(1)))?));
        }
        Ok(JsonNode::Object(object))
    }
}
