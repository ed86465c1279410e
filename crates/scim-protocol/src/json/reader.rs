//! The deserializer.
//!
//! What is generic is compiled for each type, so it is as short as can be, and passes one pointer. All else is in
//! functions that are not inlined.

use std::fmt::Write;
use std::slice;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::map::Iter;
use serde_json::{Error, Number, Value};

use super::error;
use crate::Object;

/// What is read next.
#[derive(Clone, Copy)]
pub(super) enum Source<'de> {
    /// A field that the object does not have.
    Missing(&'static str),
    Null,
    Bool(bool),
    Number(&'de Number),
    Text(&'de str),
    Array(&'de [Value]),
    Object(&'de Object),
}

impl<'de> Source<'de> {
    pub(super) fn of(value: &'de Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::Text(text),
            Value::Array(elements) => Self::Array(elements),
            Value::Object(object) => Self::Object(object),
        }
    }
}

/// An object or array that is being read.
enum Frame<'de> {
    /// The fields of a struct.
    Fields { object: &'de Object, fields: &'static [&'static str], taken: usize },
    /// The members of a map.
    Members { rest: Iter<'de>, last: Option<(&'de str, &'de Value)> },
    /// The elements of an array.
    Elements { rest: slice::Iter<'de, Value>, taken: usize },
    /// The one member of an object that stands for a variant with content. It has no end: it is removed when the frame
    /// below it is used again.
    Member(&'de str),
}

/// What follows in a struct or an array.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    End,
    Missing,
    Value,
}

/// Reads values.
pub(super) struct Reader<'de> {
    source: Source<'de>,
    /// The objects and arrays around the source: on an error, the path to what is wrong.
    frames: Vec<Frame<'de>>,
    /// Whether members that no field has are refused.
    is_exact: bool,
    /// The field that was missing, until it turns out that it may be.
    missing: Option<&'static str>,
    /// The variant that is read.
    variant: &'de str,
    /// Whether the source is the variant's content.
    has_content: bool,
}

impl<'de> Reader<'de> {
    #[inline(never)]
    pub(super) fn new(source: Source<'de>, is_exact: bool) -> Self {
        Self { source, frames: Vec::new(), is_exact, missing: None, variant: "", has_content: false }
    }

    /// Adds the path to an error that ended the reading.
    #[inline(never)]
    pub(super) fn explain(&self, error: Error) -> error::Error {
        let error = self.missing.map_or(error, Error::missing_field);
        error::Error::at(self.path(), error)
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for frame in &self.frames {
            let name = match frame {
                Frame::Fields { object, fields, taken } => taken
                    .checked_sub(1)
                    .and_then(|last| fields.get(last).copied())
                    .filter(|name| object.contains_key(*name)),
                Frame::Members { last, .. } => last.map(|(name, _)| name),
                Frame::Elements { taken, .. } => {
                    if let Some(index) = taken.checked_sub(1) {
                        // Writing into a text does not fail.
                        let _ = write!(path, "[{index}]");
                    }
                    None
                }
                Frame::Member(name) => Some(*name),
            };
            if let Some(name) = name {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
        }
        path
    }

    /// The frame that is being read.
    fn top(&mut self) -> Option<&mut Frame<'de>> {
        while let Some(Frame::Member(_)) = self.frames.last() {
            self.frames.pop();
        }
        self.frames.last_mut()
    }

    /// Goes to the next field or element.
    #[inline(never)]
    fn advance(&mut self) -> Next {
        let source = match self.top() {
            Some(Frame::Fields { object, fields, taken }) => fields.get(*taken).map(|name| {
                *taken = taken.saturating_add(1);
                object.get(*name).map_or(Source::Missing(name), Source::of)
            }),
            Some(Frame::Elements { rest, taken }) => {
                let element = rest.next();
                // Behind the last, an error is one of the whole array.
                *taken = element.map_or(0, |_| taken.saturating_add(1));
                element.map(Source::of)
            }
            _ => None,
        };
        self.missing = None;
        let Some(source) = source else { return Next::End };
        self.source = source;
        match source {
            Source::Missing(name) => {
                self.missing = Some(name);
                Next::Missing
            }
            _ => Next::Value,
        }
    }

    /// Goes to the next member of a map.
    #[inline(never)]
    fn advance_member(&mut self) -> Option<&'de str> {
        let Some(Frame::Members { rest, last }) = self.top() else { return None };
        *last = rest.next().map(|(name, value)| (name.as_str(), value));
        let (name, value) = (*last)?;
        self.source = Source::of(value);
        Some(name)
    }

    /// Ends a struct, map or array.
    #[inline(never)]
    fn leave(&mut self) -> Result<(), Error> {
        self.missing = None;
        let error = match self.top() {
            Some(Frame::Fields { fields, taken, .. }) if *taken < fields.len() => {
                Error::custom("the type has an alias of a field, so its fields cannot be told apart")
            }
            Some(Frame::Elements { rest, taken }) if rest.len() > 0 => {
                Error::invalid_length(taken.saturating_add(rest.len()), &"fewer elements")
            }
            _ => {
                self.frames.pop();
                return Ok(());
            }
        };
        self.frames.pop();
        Err(error)
    }

    #[inline(never)]
    fn wrong(&self, expected: &dyn Expected) -> Error {
        let unexpected = match self.source {
            Source::Missing(name) => return Error::missing_field(name),
            Source::Null => Unexpected::Unit,
            Source::Bool(flag) => Unexpected::Bool(flag),
            Source::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => Unexpected::Unsigned(number),
                (_, Some(number), _) => Unexpected::Signed(number),
                (.., number) => Unexpected::Float(number.unwrap_or(f64::NAN)),
            },
            Source::Text(text) => Unexpected::Str(text),
            Source::Array(_) => Unexpected::Seq,
            Source::Object(_) => Unexpected::Map,
        };
        Error::invalid_type(unexpected, expected)
    }

    /// Begins a struct. Its visitor would say as well what is expected, by a function of each type.
    #[inline(never)]
    fn enter_struct(&mut self, name: &'static str, fields: &'static [&'static str]) -> Result<(), Error> {
        let Source::Object(object) = self.source else {
            return Err(self.wrong(&format!("struct {name}").as_str()));
        };
        if self.is_exact
            && let Some(name) = object.keys().find(|name| !fields.contains(&name.as_str()))
        {
            self.frames.push(Frame::Member(name));
            return Err(Error::unknown_field(name, fields));
        }
        self.frames.push(Frame::Fields { object, fields, taken: 0 });
        Ok(())
    }

    #[inline(never)]
    fn enter_map(&mut self, expected: &dyn Expected) -> Result<(), Error> {
        let Source::Object(object) = self.source else { return Err(self.wrong(expected)) };
        self.frames.push(Frame::Members { rest: object.iter(), last: None });
        Ok(())
    }

    #[inline(never)]
    fn enter_array(&mut self, expected: &dyn Expected) -> Result<(), Error> {
        let Source::Array(elements) = self.source else { return Err(self.wrong(expected)) };
        self.frames.push(Frame::Elements { rest: elements.iter(), taken: 0 });
        Ok(())
    }

    /// Takes the name of a variant; the source becomes its content.
    #[inline(never)]
    fn enter_enum(&mut self) -> Result<(), Error> {
        match self.source {
            Source::Text(variant) => {
                self.variant = variant;
                self.has_content = false;
                Ok(())
            }
            Source::Object(object) => {
                let mut members = object.iter();
                if let (Some((variant, content)), None) = (members.next(), members.next()) {
                    self.frames.push(Frame::Member(variant));
                    self.variant = variant;
                    self.source = Source::of(content);
                    self.has_content = true;
                    return Ok(());
                }
                Err(Error::invalid_value(Unexpected::Map, &"map with a single key"))
            }
            _ => Err(self.wrong(&"string or map")),
        }
    }

    /// Checks that a variant has content.
    #[inline(never)]
    fn check_content(&self, expected: &dyn Expected) -> Result<(), Error> {
        match self.has_content {
            true => Ok(()),
            false => Err(Error::invalid_type(Unexpected::UnitVariant, expected)),
        }
    }

    #[inline(never)]
    fn text(&self, expected: &dyn Expected) -> Result<&'de str, Error> {
        match self.source {
            Source::Text(text) => Ok(text),
            _ => Err(self.wrong(expected)),
        }
    }

    #[inline(never)]
    fn number(&self, expected: &dyn Expected) -> Result<Whole, Error> {
        if let Source::Number(number) = self.source {
            if let Some(number) = number.as_u64() {
                return Ok(Whole::Positive(number));
            }
            if let Some(number) = number.as_i64() {
                return Ok(Whole::Negative(number));
            }
        }
        Err(self.wrong(expected))
    }

    #[inline(never)]
    fn float(&self, expected: &dyn Expected) -> Result<f64, Error> {
        match self.source {
            Source::Number(number) => number.as_f64().ok_or_else(|| self.wrong(expected)),
            _ => Err(self.wrong(expected)),
        }
    }

    fn visit_whole<V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Error> {
        match self.number(&visitor)? {
            Whole::Positive(number) => visitor.visit_u64(number),
            Whole::Negative(number) => visitor.visit_i64(number),
        }
    }
}

enum Whole {
    Positive(u64),
    Negative(i64),
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.source {
            Source::Missing(_) => Err(self.wrong(&visitor)),
            Source::Null => visitor.visit_unit(),
            Source::Bool(flag) => visitor.visit_bool(flag),
            Source::Number(number) if number.is_f64() => self.deserialize_f64(visitor),
            Source::Number(_) => self.visit_whole(visitor),
            Source::Text(text) => visitor.visit_borrowed_str(text),
            Source::Array(_) => self.deserialize_seq(visitor),
            Source::Object(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.source {
            Source::Bool(flag) => visitor.visit_bool(flag),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_whole(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_whole(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_whole(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_whole(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_whole(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_whole(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_whole(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit_whole(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = self.float(&visitor)?;
        visitor.visit_f64(number)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let text = self.text(&visitor)?;
        visitor.visit_borrowed_str(text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.source {
            Source::Missing(_) | Source::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.source {
            Source::Null => visitor.visit_unit(),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.source {
            Source::Missing(_) => Err(self.wrong(&visitor)),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.enter_array(&visitor)?;
        let read = visitor.visit_seq(&mut *self)?;
        self.leave()?;
        Ok(read)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.enter_map(&visitor)?;
        let read = visitor.visit_map(&mut *self)?;
        self.leave()?;
        Ok(read)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.enter_struct(name, fields)?;
        let read = visitor.visit_seq(&mut *self)?;
        self.leave()?;
        Ok(read)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.enter_enum()?;
        visitor.visit_enum(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i128 u128 char bytes byte_buf identifier }
}

impl<'de> SeqAccess<'de> for &mut Reader<'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let next = self.advance();
        if next == Next::End {
            return Ok(None);
        }
        match seed.deserialize(&mut **self) {
            Ok(value) => Ok(Some(value)),
            // A missing field that has a default is as an element behind the last.
            Err(_) if next == Next::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<'de> MapAccess<'de> for &mut Reader<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        match self.advance_member() {
            Some(name) => seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(&mut **self)
    }
}

impl<'de> EnumAccess<'de> for &mut Reader<'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        seed.deserialize(BorrowedStrDeserializer::new(self.variant)).map(|variant| (variant, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'de> {
    type Error = Error;

    #[inline(never)]
    fn unit_variant(self) -> Result<(), Error> {
        match (self.has_content, self.source) {
            (false, _) | (true, Source::Null) => Ok(()),
            _ => Err(self.wrong(&"unit")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        self.check_content(&"newtype variant")?;
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.check_content(&"tuple variant")?;
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.check_content(&"struct variant")?;
        self.deserialize_struct("variant", fields, visitor)
    }
}
