//! What a client asks of a list, in the URL or in a SearchRequest: RFC 7644 §3.4.2, §3.4.3, RFC 9865.

use serde_json::{Number, Value};

use super::attribute_path::{AttributePath, resolve_any};
use super::cursor::{Cursor, Seal};
use super::error::shorten;
use super::list::{DEFAULT_COUNT, MAX_COUNT, Page, Window, integer};
use super::schema::{ResourceType, Returned};
use super::{ScimError, json, patch};

/// The parameters there are.
const NAMES: [&str; 8] =
    ["filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes"];

/// The parameters of a query as they were sent, in the URL (RFC 7644 §3.4.2) or in a SearchRequest (§3.4.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `filter`
    pub filter: Option<String>,
    /// `sortBy`
    pub sort_by: Option<String>,
    /// `sortOrder`
    pub sort_order: Option<String>,
    /// `startIndex`
    pub start_index: Option<String>,
    /// `count`
    pub count: Option<String>,
    /// `cursor`; blank for the first page.
    pub cursor: Option<String>,
    /// `attributes`, separated by commas.
    pub attributes: Option<String>,
    /// `excludedAttributes`, separated by commas.
    pub excluded_attributes: Option<String>,
}

impl Parameters {
    /// Reads the parameters of a URL, their names in any case. `attributes` and `excludedAttributes` may be given more
    /// than once, and mean all that is named in them.
    ///
    /// # Errors
    /// `invalidValue` where another parameter is given twice, with two values.
    pub fn of_url(query: &[(String, String)]) -> Result<Self, ScimError> {
        let mut texts: Vec<(&str, String)> = Vec::new();
        for (name, value) in query {
            let Some(own) = own_name(name) else { continue };
            match texts.iter_mut().find(|(known, _)| *known == own) {
                None => texts.push((own, value.clone())),
                Some((_, text)) if is_list(own) => {
                    text.push(',');
                    text.push_str(value);
                }
                Some((_, text)) if text == value => {}
                Some(_) => {
                    return Err(ScimError::invalid_value(format!(
                        "The URL has \"{own}\" twice, with two values. Give it once."
                    )));
                }
            }
        }
        Ok(Self::of(texts))
    }

    /// Reads the body of a POST to `/.search` (RFC 7644 §3.4.3).
    ///
    /// # Errors
    /// `invalidSyntax` where it is no object, `invalidValue` for a value of the wrong type.
    pub fn of_search(body: &Value) -> Result<Self, ScimError> {
        patch::check_schemas(body)?;
        let Value::Object(body) = body else {
            return Err(ScimError::invalid_syntax("The body must be a SearchRequest: a JSON object."));
        };
        let mut texts: Vec<(&str, String)> = Vec::new();
        for (name, value) in body {
            let Some(own) = own_name(name) else { continue };
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                Value::Number(number) if !is_list(own) => integer_text(number),
                Value::Array(names) if is_list(own) && names.iter().all(Value::is_string) => {
                    names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
                }
                _ => {
                    let wanted = if is_list(own) { "an array of strings" } else { "a string or a number" };
                    return Err(ScimError::invalid_value(format!("\"{own}\" must be {wanted}.")));
                }
            };
            texts.push((own, text));
        }
        Ok(Self::of(texts))
    }

    /// Takes each parameter from the texts by their names, of two the first.
    fn of(mut texts: Vec<(&str, String)>) -> Self {
        let mut get = |name: &str| {
            let at = texts.iter().position(|(own, _)| *own == name)?;
            Some(texts.swap_remove(at).1)
        };
        let mut unless_blank = |name| get(name).filter(|text| !text.trim().is_empty());
        Self {
            filter: unless_blank("filter"),
            sort_by: unless_blank("sortBy"),
            sort_order: unless_blank("sortOrder"),
            start_index: unless_blank("startIndex"),
            count: unless_blank("count"),
            attributes: unless_blank("attributes"),
            excluded_attributes: unless_blank("excludedAttributes"),
            cursor: get("cursor"),
        }
    }

    /// The order asked for; `None`: the order of insertion.
    ///
    /// # Errors
    /// `invalidValue` for what cannot be sorted by, or another order than the two there are.
    pub fn sort<'a>(&self, resource_types: &[&'a ResourceType]) -> Result<Option<Sort<'a>>, ScimError> {
        let Some(name) = self.sort_by.as_deref().map(str::trim) else { return Ok(None) };
        let path = resolve_any(resource_types, name)
            .filter(|path| path.leaf().is_some_and(|leaf| leaf.returned != Returned::Never))
            .ok_or_else(|| {
                ScimError::invalid_value(format!(
                    "\"sortBy\" names \"{}\", which is no attribute here.",
                    shorten(name)
                ))
            })?;
        // RFC 7644 §3.4.2.3: a complex attribute is sorted by one of its sub-attributes.
        let path = path.value().map_err(|example| {
            ScimError::invalid_value(format!(
                "A complex attribute has no order; sort by one of its sub-attributes, for example {example}."
            ))
        })?;
        let descending = match self.sort_order.as_deref().map(str::trim) {
            None => false,
            Some(order) if order.eq_ignore_ascii_case("ascending") => false,
            Some(order) if order.eq_ignore_ascii_case("descending") => true,
            Some(_) => {
                return Err(ScimError::invalid_value(
                    "\"sortOrder\" must be \"ascending\" or \"descending\".",
                ));
            }
        };
        Ok(Some(Sort { path, descending }))
    }

    /// What a cursor is good for, besides its key: the same query again.
    fn fingerprint(&self, endpoint: &str) -> String {
        json::write(&Value::from([
            Some(endpoint),
            self.filter.as_deref(),
            self.sort_by.as_deref(),
            self.sort_order.as_deref(),
        ]))
    }

    /// Which page is asked for. A query with `cursor` is paged by cursor, any other by index (RFC 9865 §2).
    ///
    /// # Errors
    /// `invalidValue` for numbers that are none; with a cursor `invalidCount`, `invalidCursor` or
    /// `expiredCursor` (RFC 9865 §2.1).
    pub fn window(&self, context: &CursorContext<'_>) -> Result<Window, ScimError> {
        let Some(cursor) = self.cursor.as_deref().map(str::trim) else {
            return Page::parse(self.start_index.as_deref(), self.count.as_deref()).map(Window::Index);
        };
        if self.start_index.is_some() {
            return Err(ScimError::invalid_value("\"startIndex\" and \"cursor\" cannot be used together."));
        }
        let count = match integer("count", self.count.as_deref()) {
            Ok(None) => DEFAULT_COUNT,
            Ok(Some(count)) => u32::try_from(count.max(0)).unwrap_or(MAX_COUNT).min(MAX_COUNT),
            Err(_) => {
                return Err(ScimError::invalid_count(format!(
                    "\"count\" must be an integer from 0 to {MAX_COUNT}."
                )));
            }
        };
        let from = match cursor {
            "" => None,
            text => Some(Cursor::read(text, context.seal, &self.fingerprint(context.endpoint), context.now)?),
        };
        Ok(Window::Cursor { count, from })
    }

    /// The id of the key that the cursor was sealed with, if there is a cursor.
    pub fn cursor_sealed_by(&self) -> Option<&str> {
        Cursor::sealed_by(self.cursor.as_deref()?.trim())
    }

    /// The text of a cursor of this query.
    pub fn cursor_text(&self, context: &CursorContext<'_>, cursor: &Cursor) -> String {
        cursor.write(context.seal, &self.fingerprint(context.endpoint), context.now)
    }
}

/// The parameter of that name, in any case, as it is spelled here.
fn own_name(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|own| own.eq_ignore_ascii_case(name))
}

/// Whether a parameter is a list of attributes.
fn is_list(name: &str) -> bool {
    name.ends_with("ttributes")
}

/// A number as text. JSON has no bound for integers; one beyond 64 bits is read as a fraction, and written here as the
/// greatest or the least integer there is.
fn integer_text(number: &Number) -> String {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(beyond) if beyond >= BEYOND_INTEGERS => i64::MAX.to_string(),
        Some(beyond) if beyond <= -BEYOND_INTEGERS => i64::MIN.to_string(),
        _ => number.to_string(),
    }
}

/// Fractions from here on are integers (RFC 8259 §6: 64-bit floating point has 53 bits).
const BEYOND_INTEGERS: f64 = 9_007_199_254_740_992.0;

/// What the cursors of a list are bound to.
#[derive(Debug, Clone, Copy)]
pub struct CursorContext<'a> {
    /// Path of the list, without the base URL.
    pub endpoint: &'a str,
    /// What the cursor is sealed with.
    pub seal: Seal<'a>,
    /// Seconds since the epoch.
    pub now: u64,
}

/// The order of a list.
#[derive(Debug, Clone, Copy)]
pub struct Sort<'a> {
    /// What is sorted by.
    pub path: AttributePath<'a>,
    /// Whether the greatest comes first.
    pub descending: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cursor::Position;
    use crate::schema::{group, user};

    const CONTEXT: CursorContext<'static> =
        CursorContext { endpoint: "Users", seal: Seal { id: "key", secret: "secret" }, now: 1_000_000 };

    fn url(query: &str) -> Result<Parameters, ScimError> {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let pairs: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Parameters::of_url(&pairs)
    }

    #[test]
    fn lists_of_attributes_may_be_given_twice_and_nothing_else() {
        let both =
            url("attributes=id&ATTRIBUTES=userName&excludedAttributes=a&excludedattributes=b").unwrap();
        assert_eq!(both.attributes.as_deref(), Some("id,userName"));
        assert_eq!(both.excluded_attributes.as_deref(), Some("a,b"));
        assert_eq!(url("count=1&Count=1&nonsense=1&nonsense=2").unwrap().count.as_deref(), Some("1"));
        for twice in ["count=1&count=2", "filter=a&FILTER=b", "cursor=&cursor=x", "sortBy=a&sortBy="] {
            let name = twice.split('=').next().unwrap();
            assert!(url(twice).unwrap_err().detail.contains(&format!("\"{name}\"")), "{twice}");
        }
    }

    #[test]
    fn integers_of_any_length_are_integers() {
        let count = |text: &str| {
            let body = json::parse(format!("{{\"count\":{text},\"startIndex\":{text}}}").as_bytes()).unwrap();
            Parameters::of_search(&body).unwrap().window(&CONTEXT)
        };
        let greatest = (1 << 53) - 1;
        for text in ["99999999999999999999", "1e30", "9223372036854775808", "\"99999999999999999999\""] {
            let page = Page { start_index: greatest, count: 200 };
            assert_eq!(count(text).unwrap(), Window::Index(page), "{text}");
        }
        let least = Page { start_index: 1, count: 0 };
        assert_eq!(count("-99999999999999999999").unwrap(), Window::Index(least));
        assert!(count("1.5").is_err());
    }

    #[test]
    fn a_search_request_says_the_same_as_a_url() {
        let body = json!({"SCHEMAS": ["x"], "attributes": ["userName", "name.familyName"], "Filter": "title pr",
            "startIndex": 3, "count": 2, "sortBy": "userName", "sortOrder": null});
        let search = Parameters::of_search(&body).unwrap();
        let url =
            url("attributes=userName,name.familyName&filter=title pr&startIndex=3&count=2&sortBy=userName");
        let url = url.unwrap();
        assert_eq!(search, url);
        for wrong in [
            json!({"filter": {"x": 1}}),
            json!({"filter": ["x"]}),
            json!({"attributes": [5]}),
            json!({"cursor": true}),
        ] {
            assert!(Parameters::of_search(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(Parameters::of_search(&json!({"nonsense": {}})).unwrap(), Parameters::default());
        assert!(Parameters::of_search(&json!([])).is_err());
    }

    #[test]
    fn what_can_be_sorted_by() {
        let (user, group) = (user(), group());
        let sort = |by: &str, order: Option<&str>| {
            let parameters = Parameters {
                sort_by: Some(by.to_owned()),
                sort_order: order.map(str::to_owned),
                ..Parameters::default()
            };
            let sort = parameters.sort(&[&user, &group])?;
            Ok::<_, ScimError>(sort.map(|sort| (sort.path.leaf().unwrap().name.clone(), sort.descending)))
        };
        assert_eq!(
            sort("NAME.familyName", Some("Descending")).unwrap(),
            Some(("familyName".to_owned(), true))
        );
        assert_eq!(sort("emails", None).unwrap(), Some(("value".to_owned(), false)));
        assert_eq!(sort("members", None).unwrap(), Some(("value".to_owned(), false)));
        assert!(sort("name", None).is_err());
        assert!(sort("nonsense", None).is_err());
        assert!(sort("password", None).is_err());
        assert!(sort("userName", Some("upwards")).is_err());
    }

    #[test]
    fn a_cursor_is_good_for_its_own_query_only() {
        let query = |filter: &str| Parameters {
            filter: Some(filter.to_owned()),
            cursor: Some(String::new()),
            ..Parameters::default()
        };
        let window = |parameters: &Parameters, context: &CursorContext<'_>| parameters.window(context);
        assert_eq!(window(&query("a"), &CONTEXT).unwrap(), Window::Cursor { count: 100, from: None });
        let cursor = Cursor { backward: false, position: Position { key: Some("x".to_owned()), rank: 7 } };
        let text = query("a").cursor_text(&CONTEXT, &cursor);
        let again = |filter: &str| Parameters { cursor: Some(text.clone()), ..query(filter) };
        assert_eq!(window(&again("a"), &CONTEXT).unwrap(), Window::Cursor { count: 100, from: Some(cursor) });
        let keyword = |result: Result<Window, ScimError>| result.unwrap_err().scim_type.unwrap().as_str();
        assert_eq!(keyword(window(&again("b"), &CONTEXT)), "invalidCursor");
        assert_eq!(
            keyword(window(&again("a"), &CursorContext { endpoint: "Groups", ..CONTEXT })),
            "invalidCursor"
        );
        assert_eq!(
            keyword(window(
                &again("a"),
                &CursorContext { seal: Seal { id: "key", secret: "other" }, ..CONTEXT }
            )),
            "invalidCursor"
        );
        let late = CursorContext { now: CONTEXT.now + 3601, ..CONTEXT };
        assert_eq!(keyword(window(&again("a"), &late)), "expiredCursor");
        for count in ["many", "1.5"] {
            let parameters = Parameters { count: Some(count.to_owned()), ..query("a") };
            assert_eq!(keyword(window(&parameters, &CONTEXT)), "invalidCount");
        }
    }
}
