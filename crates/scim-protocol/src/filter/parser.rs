//! A recursive descent parser for the grammar of RFC 7644 §3.4.2.2, figure 1.

use chrono::{DateTime, SecondsFormat};

use super::ast::{Comparison, Filter, Literal, Operator};
use super::lexer::{Token, tokens};
use crate::attribute_path::{AttributePath, resolve_any};
use crate::error::shorten;
use crate::schema::{Attribute, Kind, ResourceType, Returned};
use crate::{Limits, ScimError};

/// Parses the `filter` parameter of a request for resources of these types. A name means the attribute of the first
/// type that has it (RFC 7644 §3.4.2.1: resources of the other types have no value of it).
///
/// # Errors
/// `invalidFilter`, with what is wrong and where; `tooMany` above [`Limits::max_filter_comparisons`].
pub fn parse<'a>(
    resource_types: &[&'a ResourceType],
    text: &str,
    limits: &Limits,
) -> Result<Filter<'a>, ScimError> {
    Parser::new(Names::Resource(resource_types), text, limits)?.whole()
}

/// Parses the filter in the brackets of a PATCH path, over the sub-attributes of a multi-valued attribute. It is
/// evaluated in memory, so that only its length and its depth are bounded.
///
/// # Errors
/// As [`parse`].
pub fn parse_value_path<'a>(
    attribute: &'a Attribute,
    text: &str,
    limits: &Limits,
) -> Result<Filter<'a>, ScimError> {
    let limits = Limits { max_filter_comparisons: usize::MAX, max_filter_value_bytes: usize::MAX, ..*limits };
    Parser::new(Names::Element(attribute), text, &limits)?.whole()
}

/// Where the names of a filter are looked up.
#[derive(Clone, Copy)]
enum Names<'a, 't> {
    /// Outside brackets: the attributes of the resource types.
    Resource(&'t [&'a ResourceType]),
    /// Inside brackets: the sub-attributes of one attribute.
    Element(&'a Attribute),
}

impl<'a> Names<'a, '_> {
    fn resolve(self, name: &str) -> Result<AttributePath<'a>, ScimError> {
        match self {
            Self::Resource(resource_types) => resolve_any(resource_types, name).ok_or_else(|| {
                let types: Vec<&str> = resource_types.iter().map(|each| each.name).collect();
                ScimError::invalid_filter(format!(
                    "The filter names \"{}\", which is not an attribute of {}.",
                    shorten(name),
                    types.join(" or ")
                ))
            }),
            Self::Element(attribute) => {
                attribute.sub_attribute(name).map(AttributePath::of_element).ok_or_else(|| {
                    ScimError::invalid_filter(format!(
                        "The filter names \"{}\", which is not a sub-attribute of {}.",
                        shorten(name),
                        attribute.name
                    ))
                })
            }
        }
    }
}

struct Parser<'a, 't> {
    names: Names<'a, 't>,
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
    terms: usize,
    limits: Limits,
}

impl<'a, 't> Parser<'a, 't> {
    fn new(names: Names<'a, 't>, text: &str, limits: &Limits) -> Result<Self, ScimError> {
        if text.len() > limits.max_filter_bytes {
            return Err(ScimError::invalid_filter(format!(
                "The filter is {} bytes long; at most {} are read.",
                text.len(),
                limits.max_filter_bytes
            )));
        }
        Ok(Self { names, tokens: tokens(text)?.into_iter().peekable(), depth: 0, terms: 0, limits: *limits })
    }

    fn whole(mut self) -> Result<Filter<'a>, ScimError> {
        let filter = self.disjunction()?;
        match self.tokens.next() {
            None => Ok(filter),
            Some(token) => Err(ScimError::invalid_filter(format!(
                "The filter should have ended or gone on with \"and\" or \"or\" before {}.",
                token.describe()
            ))),
        }
    }

    /// `or` binds less than `and` (RFC 7644 §3.4.2.2).
    fn disjunction(&mut self) -> Result<Filter<'a>, ScimError> {
        self.chain("or", Self::conjunction, Filter::Or)
    }

    fn conjunction(&mut self) -> Result<Filter<'a>, ScimError> {
        self.chain("and", Self::term, Filter::And)
    }

    fn chain(
        &mut self,
        keyword: &str,
        next: impl Fn(&mut Self) -> Result<Filter<'a>, ScimError>,
        join: impl Fn(Vec<Filter<'a>>) -> Filter<'a>,
    ) -> Result<Filter<'a>, ScimError> {
        let first = next(self)?;
        let mut all = vec![first];
        while self.take_keyword(keyword) {
            all.push(next(self)?);
        }
        Ok(match all.pop() {
            Some(only) if all.is_empty() => only,
            last => {
                all.extend(last);
                join(all)
            }
        })
    }

    fn term(&mut self) -> Result<Filter<'a>, ScimError> {
        match self.tokens.next() {
            Some(Token::Open) => self.group(),
            Some(Token::Word(word)) => {
                if word.eq_ignore_ascii_case("not") && self.tokens.next_if_eq(&Token::Open).is_some() {
                    return Ok(Filter::Not(Box::new(self.group()?)));
                }
                let path = self.names.resolve(&word).map_err(|error| {
                    if !word.eq_ignore_ascii_case("not") {
                        return error;
                    }
                    ScimError::invalid_filter(
                        "\"not\" needs parentheses around what it negates. Write for example: not (userName eq \
                         \"a@example.com\").",
                    )
                })?;
                if self.tokens.next_if_eq(&Token::OpenBracket).is_some() {
                    return self.value_path(path);
                }
                self.expression(path)
            }
            Some(token) => Err(ScimError::invalid_filter(format!(
                "The filter has {} where an attribute's name should stand.",
                token.describe()
            ))),
            None => Err(ScimError::invalid_filter(
                "The filter ends where an attribute's name should stand. Write for example: userName eq \
                 \"a@example.com\".",
            )),
        }
    }

    /// The rest of `( … )`.
    fn group(&mut self) -> Result<Filter<'a>, ScimError> {
        self.nested(|parser| {
            let filter = parser.disjunction()?;
            parser.expect(&Token::Close)?;
            Ok(filter)
        })
    }

    /// The rest of `attribute[ … ]`, and of Entra ID's `attribute[ … ].sub eq "x"`, which means that one element
    /// satisfies both.
    fn value_path(&mut self, path: AttributePath<'a>) -> Result<Filter<'a>, ScimError> {
        let attribute = match path.attribute {
            Some(attribute) if attribute.multi_valued && path.sub_attribute.is_none() => attribute,
            _ => return Err(ScimError::invalid_filter("Brackets may only follow a multi-valued attribute.")),
        };
        let outer = std::mem::replace(&mut self.names, Names::Element(attribute));
        let inner = self.nested(|parser| {
            let filter = parser.disjunction()?;
            parser.expect(&Token::CloseBracket)?;
            let sub_name =
                parser.tokens.next_if(|token| matches!(token, Token::Word(word) if word.starts_with('.')));
            match sub_name {
                Some(Token::Word(word)) => {
                    let sub_path = parser.names.resolve(word.trim_start_matches('.'))?;
                    Ok(Filter::And(vec![filter, parser.expression(sub_path)?]))
                }
                _ => Ok(filter),
            }
        });
        self.names = outer;
        Ok(Filter::ValuePath { path, filter: Box::new(inner?) })
    }

    /// The rest of `attribute pr` or `attribute operator literal`.
    fn expression(&mut self, path: AttributePath<'a>) -> Result<Filter<'a>, ScimError> {
        if path.leaf().is_some_and(|leaf| leaf.returned == Returned::Never) {
            return Err(ScimError::invalid_filter(format!(
                "\"{}\" is never returned, and nothing can be found by it.",
                self.name_of(path)
            )));
        }
        self.terms = self.terms.saturating_add(1);
        let max_terms = self.limits.max_filter_comparisons;
        if self.terms > max_terms {
            return Err(ScimError::too_many(format!("The filter has more than {max_terms} comparisons.")));
        }
        let word = match self.tokens.next() {
            Some(Token::Word(word)) => word,
            other => {
                return Err(ScimError::invalid_filter(format!(
                    "The filter has {} where an operator (eq, ne, co, sw, ew, pr, gt, ge, lt, le) should stand.",
                    other.map_or_else(|| "nothing".to_owned(), |token| token.describe())
                )));
            }
        };
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let operator = Operator::parse(&word).ok_or_else(|| {
            ScimError::invalid_filter(format!(
                "\"{}\" is not an operator of RFC 7644 §3.4.2.2.",
                shorten(&word)
            ))
        })?;
        let path = path.value().map_err(|example| {
            ScimError::invalid_filter(format!(
                "A complex attribute has no value of its own; compare one of its sub-attributes, for example {example}."
            ))
        })?;
        let number = self.terms;
        let value = self.literal(path, operator)?;
        Ok(Filter::Compare(Comparison { number, path, operator, value }))
    }

    fn literal(&mut self, path: AttributePath<'a>, operator: Operator) -> Result<Literal, ScimError> {
        let (text, quoted) = match self.tokens.next() {
            Some(Token::Quoted(text)) => (text, true),
            // Entra ID's documentation shows `externalId eq jyoung`.
            Some(Token::Word(word)) if is_plain(&word) => (word, false),
            other => {
                return Err(ScimError::invalid_filter(format!(
                    "The filter has {} where a value should stand after \"{}\". Put text into double quotes, as in: \
                     {} {} \"value\".",
                    other.map_or_else(|| "nothing".to_owned(), |token| token.describe()),
                    operator.as_str(),
                    self.name_of(path),
                    operator.as_str()
                )));
            }
        };
        let Some(attribute) = path.leaf() else {
            return Err(ScimError::invalid_filter("A whole extension cannot be compared with a value."));
        };
        let name = self.name_of(path);
        if !quoted && text.eq_ignore_ascii_case("null") {
            return match operator {
                Operator::Eq | Operator::Ne => Ok(Literal::Null),
                _ => Err(ScimError::invalid_filter(format!(
                    "\"{name}\" can be compared with null by eq and ne only."
                ))),
            };
        }
        let longest = self.limits.max_filter_value_bytes;
        if text.len() > longest {
            return Err(ScimError::invalid_filter(format!(
                "The value that \"{name}\" is compared with is {} bytes long; at most {longest} are compared.",
                text.len()
            )));
        }
        let ordering = matches!(operator, Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le);
        let equality = matches!(operator, Operator::Eq | Operator::Ne);
        match attribute.kind {
            Kind::DateTime if ordering || equality => return moment(&name, &text),
            // RFC 7644 §3.4.2.2: an order of booleans or of binary values is invalidFilter.
            Kind::Binary if ordering => {
                return Err(ScimError::invalid_filter(format!(
                    "\"{name}\" is binary; its values have no order."
                )));
            }
            Kind::Boolean if !equality => {
                return Err(ScimError::invalid_filter(format!(
                    "\"{name}\" is a boolean; it can only be compared with eq and ne."
                )));
            }
            Kind::Boolean => {}
            _ if !self.limits.allow_nul && text.contains('\0') => {
                return Err(ScimError::invalid_filter(format!(
                    "The value that \"{name}\" is compared with contains the character U+0000."
                )));
            }
            _ => return Ok(Literal::String(text)),
        }
        // Entra ID's `roles[primary eq "True"]` means the boolean.
        if text.eq_ignore_ascii_case("true") {
            Ok(Literal::Boolean(true))
        } else if text.eq_ignore_ascii_case("false") {
            Ok(Literal::Boolean(false))
        } else {
            Err(ScimError::invalid_filter(format!("\"{name}\" is a boolean; compare it with true or false.")))
        }
    }

    /// The full name of an attribute in errors: `emails.value`, also within `emails[ … ]`.
    fn name_of(&self, path: AttributePath<'_>) -> String {
        let whole = match self.names {
            Names::Resource(_) => None,
            Names::Element(attribute) => Some(attribute),
        };
        let names: Vec<&str> = [whole, path.attribute, path.sub_attribute]
            .into_iter()
            .flatten()
            .map(|attribute| attribute.name.as_str())
            .collect();
        names.join(".")
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, ScimError>) -> Result<T, ScimError> {
        let deepest = self.limits.max_filter_depth;
        if self.depth >= deepest {
            return Err(ScimError::invalid_filter(format!("The filter is nested more than {deepest} deep.")));
        }
        self.depth = self.depth.saturating_add(1);
        let result = parse(self);
        self.depth = self.depth.saturating_sub(1);
        result
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        self.tokens
            .next_if(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword)))
            .is_some()
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), ScimError> {
        match self.tokens.next() {
            Some(token) if token == *wanted => Ok(()),
            other => Err(ScimError::invalid_filter(format!(
                "The filter has {} where {} should stand.",
                other.map_or_else(|| "nothing".to_owned(), |token| token.describe()),
                wanted.describe()
            ))),
        }
    }
}

/// A date and time (RFC 7643 §2.3.5) in UTC with milliseconds. One between two milliseconds sorts between them, and
/// equals neither. One without an offset is in UTC.
fn moment(name: &str, text: &str) -> Result<Literal, ScimError> {
    let parsed =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc3339(&format!("{text}Z")));
    let moment = parsed
        .map_err(|_| {
            ScimError::invalid_filter(format!(
                "\"{name}\" is a date and time; compare it with one, such as \"2026-01-31T08:00:00Z\"."
            ))
        })?
        .to_utc();
    let mut text = moment.to_rfc3339_opts(SecondsFormat::Millis, true);
    if text.starts_with('+') {
        // In UTC it is after the year 9999, which is later than every stored date.
        return Ok(Literal::String("9999-12-31T23:59:59.999Z+".to_owned()));
    }
    if moment.timestamp_subsec_nanos() % 1_000_000 != 0 {
        text.push('+');
    }
    Ok(Literal::String(text))
}

/// Whether an unquoted word is certainly a whole value: an id, a name, an address or a number. A word that begins with
/// a quotation mark may be the first of several, and one that begins with a brace is JSON.
fn is_plain(word: &str) -> bool {
    const INSIDE: &str = "-_.@+:/~|=#%!*'’,&;$\\?^`{}<>";
    let is_inside = |character: char| character.is_alphanumeric() || INSIDE.contains(character);
    let is_first = |character: char| is_inside(character) && !"'’`{}<>".contains(character);
    word.starts_with(is_first) && word.chars().all(is_inside)
}
