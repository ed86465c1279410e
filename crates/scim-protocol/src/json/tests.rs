use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, json};

use super::*;

/// A type with every kind of field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct All {
    flag: bool,
    small: u8,
    signed: i8,
    whole: i64,
    large: u64,
    float: f64,
    text: String,
    letter: char,
    nothing: (),
    maybe: Option<u16>,
    twice: Option<Option<String>>,
    list: Vec<Inner>,
    pair: (u8, String),
    three: [bool; 3],
    map: BTreeMap<String, i64>,
    by_kind: BTreeMap<Kind, bool>,
    inner: Inner,
    wrapped: Wrapped,
    tuple: Tuple,
    unit: Unit,
    kind: Kind,
    shape: Shape,
    value: Value,
    object: Object,
    #[serde(default)]
    filled: u32,
    #[serde(rename = "other-name")]
    renamed: Option<Box<Inner>>,
    #[serde(skip)]
    skipped: u8,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Inner {
    name: String,
    size: Option<i16>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Wrapped(Option<i64>);

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Tuple(u8, Option<bool>);

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    First,
    #[serde(alias = "2nd")]
    SecondOne,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
enum Shape {
    #[default]
    Point,
    Circle(f64),
    Line(i64, i64),
    Box {
        width: u8,
        height: Option<u8>,
    },
}

fn failure<T: DeserializeOwned + std::fmt::Debug>(value: &Value) -> String {
    read::<T>(value).unwrap_err().to_string()
}

/// What reading the type says when one member has another value.
fn with(name: &str, value: Value) -> Result<All, Error> {
    let mut object = serde_json::to_value(All { letter: 'x', ..All::default() }).unwrap();
    object[name] = value;
    read(&object)
}

#[test]
fn every_kind_is_read() {
    let all = All {
        flag: true,
        small: 255,
        signed: -128,
        whole: i64::MIN,
        large: u64::MAX,
        float: 0.5,
        text: "a\"b".to_owned(),
        letter: 'ü',
        nothing: (),
        maybe: Some(7),
        twice: Some(Some("x".to_owned())),
        list: vec![Inner { name: "a".to_owned(), size: Some(-3) }, Inner::default()],
        pair: (1, "b".to_owned()),
        three: [true, false, true],
        map: BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), -1)]),
        by_kind: BTreeMap::from([(Kind::SecondOne, true)]),
        inner: Inner::default(),
        wrapped: Wrapped(Some(1)),
        tuple: Tuple(1, None),
        unit: Unit,
        kind: Kind::SecondOne,
        shape: Shape::Box { width: 1, height: Some(2) },
        value: json!({"a": [1, -1, 1.5, null, true, {"b": "c"}]}),
        object: Map::from_iter([("z".to_owned(), Value::Null), ("a".to_owned(), json!([]))]),
        filled: 3,
        renamed: Some(Box::default()),
        skipped: 0,
    };
    let value = serde_json::to_value(&all).unwrap();
    assert_eq!(read::<All>(&value).unwrap(), all);
    assert_eq!(read_object::<All>(value.as_object().unwrap()).unwrap(), all);
    assert_eq!(read_exactly::<All>(value.as_object().unwrap()).unwrap(), all);
    assert_eq!(parse::<All>(&value.to_string()).unwrap(), all);
    assert_eq!(parse_object::<All>(&value.to_string()).unwrap(), all);
    assert_eq!(with("float", json!(3)).unwrap().float, 3.0);
    assert_eq!(with("kind", json!("2nd")).unwrap().kind, Kind::SecondOne);
    for (shape, json) in [
        (Shape::Point, json!("Point")),
        (Shape::Point, json!({"Point": null})),
        (Shape::Circle(1.0), json!({"Circle": 1})),
        (Shape::Line(1, -1), json!({"Line": [1, -1]})),
        (Shape::Box { width: 1, height: None }, json!({"Box": {"width": 1}})),
    ] {
        assert_eq!(with("shape", json).unwrap().shape, shape);
    }
    assert_eq!(read_word::<Kind>("second_one").unwrap(), Kind::SecondOne);
    assert!(read_word::<Kind>("third").is_err());
}

#[test]
fn an_error_says_what_is_wrong_and_where() {
    for (name, value, error) in [
        ("flag", json!(0), "flag: invalid type: integer `0`, expected a boolean"),
        ("flag", json!(null), "flag: invalid type: null, expected a boolean"),
        ("small", json!(256), "small: invalid value: integer `256`, expected u8"),
        ("small", json!(-1), "small: invalid value: integer `-1`, expected u8"),
        ("small", json!(1.5), "small: invalid type: floating point `1.5`, expected u8"),
        ("signed", json!("1"), "signed: invalid type: string \"1\", expected i8"),
        ("whole", json!(u64::MAX), "whole: invalid value: integer `18446744073709551615`, expected i64"),
        ("float", json!("1"), "float: invalid type: string \"1\", expected f64"),
        ("text", json!([]), "text: invalid type: sequence, expected a string"),
        ("letter", json!("ab"), "letter: invalid value: string \"ab\", expected a character"),
        ("nothing", json!(0), "nothing: invalid type: integer `0`, expected unit"),
        ("maybe", json!(true), "maybe: invalid type: boolean `true`, expected u16"),
        ("list", json!({}), "list: invalid type: map, expected a sequence"),
        (
            "list",
            json!([{"name": ""}, {"name": 1}]),
            "list[1].name: invalid type: integer `1`, expected a string",
        ),
        ("list", json!([{"name": ""}, {"size": 1}]), "list[1]: missing field `name`"),
        ("list", json!([{"name": ""}, null]), "list[1]: invalid type: null, expected struct Inner"),
        ("pair", json!([1]), "pair: invalid length 1, expected a tuple of size 2"),
        ("pair", json!([1, "b", 2]), "pair: invalid length 3, expected fewer elements"),
        ("three", json!([true, 0, true]), "three[1]: invalid type: integer `0`, expected a boolean"),
        ("map", json!({"a": 1, "b": "c"}), "map.b: invalid type: string \"c\", expected i64"),
        ("map", json!([1]), "map: invalid type: sequence, expected a map"),
        (
            "by_kind",
            json!({"first": true, "third": true}),
            "by_kind.third: unknown variant `third`, expected one of `first`, `2nd`, `second_one`",
        ),
        (
            "inner",
            json!({"name": "n", "size": 40_000}),
            "inner.size: invalid value: integer `40000`, expected i16",
        ),
        ("inner", json!({}), "inner: missing field `name`"),
        ("inner", json!("n"), "inner: invalid type: string \"n\", expected struct Inner"),
        ("wrapped", json!("n"), "wrapped: invalid type: string \"n\", expected i64"),
        (
            "kind",
            json!("third"),
            "kind: unknown variant `third`, expected one of `first`, `2nd`, `second_one`",
        ),
        ("kind", json!(1), "kind: invalid type: integer `1`, expected string or map"),
        ("kind", json!({"first": 1}), "kind.first: invalid type: integer `1`, expected unit"),
        ("shape", json!({}), "shape: invalid value: map, expected map with a single key"),
        (
            "shape",
            json!({"Circle": 1, "Point": null}),
            "shape: invalid value: map, expected map with a single key",
        ),
        ("shape", json!("Circle"), "shape: invalid type: unit variant, expected newtype variant"),
        ("shape", json!("Line"), "shape: invalid type: unit variant, expected tuple variant"),
        ("shape", json!("Box"), "shape: invalid type: unit variant, expected struct variant"),
        ("shape", json!({"Circle": "r"}), "shape.Circle: invalid type: string \"r\", expected f64"),
        ("shape", json!({"Line": [1, "r"]}), "shape.Line[1]: invalid type: string \"r\", expected i64"),
        ("shape", json!({"Box": {"width": -1}}), "shape.Box.width: invalid value: integer `-1`, expected u8"),
        ("shape", json!({"Box": {"height": 1}}), "shape.Box: missing field `width`"),
        ("object", json!([]), "object: invalid type: sequence, expected a map"),
        ("other-name", json!({"name": 1}), "other-name.name: invalid type: integer `1`, expected a string"),
    ] {
        assert_eq!(with(name, value.clone()).unwrap_err().to_string(), error, "{name} {value}");
    }
    let error = with("small", json!(-1)).unwrap_err();
    assert_eq!(error.path(), Some("small"));
    assert_eq!(error.reason().to_string(), "invalid value: integer `-1`, expected u8");
    assert_eq!(read::<Inner>(&json!({"size": 1})).unwrap_err().path(), None);
    assert_eq!(parse::<Inner>("{").unwrap_err().path(), None);
    assert!(parse_object::<Inner>("[]").is_err());
}

#[test]
fn an_array_is_no_struct() {
    let said = "invalid type: sequence, expected struct Inner";
    assert_eq!(failure::<Inner>(&json!(["n", 1])), said);
    assert_eq!(with("inner", json!(["n", 1])).unwrap_err().to_string(), format!("inner: {said}"));
    assert_eq!(with("list", json!([["n", 1]])).unwrap_err().to_string(), format!("list[0]: {said}"));
    let error = with("shape", json!({"Box": [1, 2]})).unwrap_err().to_string();
    assert_eq!(error, "shape.Box: invalid type: sequence, expected struct variant");
}

#[test]
fn members_that_no_field_has_are_ignored_or_refused() {
    let value = json!({"name": "n", "age": {"deep": [1]}});
    assert_eq!(read::<Inner>(&value).unwrap().name, "n");
    let error = read_exactly::<Inner>(value.as_object().unwrap()).unwrap_err();
    assert_eq!(error.path(), Some("age"));
    assert_eq!(error.reason().to_string(), "unknown field `age`, expected `name` or `size`");

    let mut all = serde_json::to_value(All { letter: 'x', ..All::default() }).unwrap();
    all["list"] = json!([{"name": "a"}, {"name": "b", "siz": 1}]);
    assert!(read::<All>(&all).is_ok());
    let error = read_exactly::<All>(all.as_object().unwrap()).unwrap_err();
    assert_eq!(error.path(), Some("list[1].siz"));
    // The name of a member may be long, and have any characters.
    let error = read_exactly::<Inner>(&Map::from_iter([("a.b".to_owned(), Value::Null)])).unwrap_err();
    assert_eq!(error.path(), Some("a.b"));
}

#[test]
fn a_missing_field_is_its_default_or_none_or_an_error() {
    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Defaults {
        count: u8,
        list: Vec<u8>,
        inner: Inner,
        maybe: Option<u8>,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Fields {
        #[serde(default = "seven")]
        seven: u8,
        maybe: Option<Option<u8>>,
        wrapped: Wrapped,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Nullable {
        #[serde(deserialize_with = "present")]
        value: Option<u8>,
    }
    fn seven() -> u8 {
        7
    }

    assert_eq!(read::<Defaults>(&json!({})).unwrap(), Defaults::default());
    assert_eq!(failure::<Defaults>(&json!({"count": null})), "count: invalid type: null, expected u8");
    // A default is for a field that is missing, not for one whose value lacks something.
    assert_eq!(failure::<Defaults>(&json!({"inner": {}})), "inner: missing field `name`");
    let fields = Fields { seven: 7, maybe: None, wrapped: Wrapped(None) };
    assert_eq!(read::<Fields>(&json!({"wrapped": null})).unwrap(), fields);
    assert_eq!(failure::<Fields>(&json!({"seven": 1})), "missing field `wrapped`");
    assert_eq!(failure::<Nullable>(&json!({})), "missing field `value`");
    assert_eq!(failure::<Nullable>(&json!({"value": "1"})), "value: invalid type: string \"1\", expected u8");
    for (json, value) in [(json!({"value": null}), None), (json!({"value": 1}), Some(1))] {
        assert_eq!(read::<Nullable>(&json).unwrap(), Nullable { value });
        assert_eq!(serde_json::from_value::<Nullable>(json).unwrap(), Nullable { value });
    }
    assert!(serde_json::from_value::<Nullable>(json!({})).is_err());
}

#[test]
fn texts_are_borrowed() {
    #[derive(Debug, Deserialize)]
    struct Borrowed<'a> {
        text: &'a str,
        #[serde(borrow)]
        either: Cow<'a, str>,
    }
    let value = json!({"text": "a\nb", "either": "ü"});
    let Borrowed { text, either } = read(&value).unwrap();
    assert_eq!((text, &*either), ("a\nb", "ü"));
    assert!(matches!(either, Cow::Borrowed(_)));
}

#[test]
fn types_with_flattened_and_tagged_parts_are_read() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        id: u8,
        #[serde(flatten)]
        inner: Inner,
        #[serde(flatten)]
        tagged: Tagged,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "what", rename_all = "snake_case")]
    enum Tagged {
        Plain,
        Other { more: Vec<u8> },
    }
    let value = json!({"id": 1, "name": "n", "what": "other", "more": [1]});
    let inner = Inner { name: "n".to_owned(), size: None };
    let outer = Outer { id: 1, inner, tagged: Tagged::Other { more: vec![1] } };
    assert_eq!(read::<Outer>(&value).unwrap(), outer);
    assert_eq!(read::<Tagged>(&json!({"what": "plain"})).unwrap(), Tagged::Plain);
    assert_eq!(failure::<Outer>(&json!({"id": 1, "what": "plain"})), "missing field `name`");
}

#[test]
fn an_error_of_a_conversion_has_the_place_of_the_whole() {
    #[derive(Debug, Deserialize)]
    struct Outer {
        _list: Vec<Even>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "Inner")]
    struct Even;

    impl TryFrom<Inner> for Even {
        type Error = &'static str;

        fn try_from(inner: Inner) -> Result<Self, &'static str> {
            if inner.size.is_some_and(|size| size % 2 == 0) { Ok(Self) } else { Err("it is not even") }
        }
    }
    let value = |size| json!({"_list": [{"name": "", "size": 2}, {"name": "", "size": size}]});
    assert_eq!(read::<Outer>(&value(json!(4))).unwrap()._list.len(), 2);
    for size in [json!(3), Value::Null] {
        assert_eq!(failure::<Outer>(&value(size)), "_list[1]: it is not even");
    }
}

#[test]
fn a_type_with_aliases_of_fields_is_refused() {
    #[derive(Debug, Deserialize)]
    struct Aliased {
        #[serde(alias = "title")]
        _name: Option<String>,
    }
    assert!(read::<Aliased>(&json!({"title": "t"})).is_err());
    assert!(read::<Aliased>(&json!({})).is_err());
}

#[test]
fn the_parser_bounds_the_depth() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse::<Value>(&nested(127)).is_ok());
    assert!(parse::<Value>(&nested(128)).is_err());
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-300_i64..300).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,3}".prop_map(Value::from),
        Just(json!("first")),
        Just(json!("Point")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let name = prop_oneof!["[a-c]", "name|size|first|Circle|Line|Box|width|height|more"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name, inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Whether the value has an array where the type has a struct, which only serde_json takes.
fn has_array_for_struct(value: &Value) -> bool {
    let is_array = |name: &str| value.get(name).is_some_and(Value::is_array);
    let list = value.get("list").and_then(Value::as_array);
    let shape = value.get("shape").and_then(|shape| shape.get("Box"));
    value.is_array()
        || is_array("inner")
        || is_array("other-name")
        || list.is_some_and(|list| list.iter().any(Value::is_array))
        || shape.is_some_and(Value::is_array)
}

proptest! {
    #[test]
    fn it_agrees_with_serde_json(
        changes in proptest::collection::vec((0_usize..26, proptest::option::of(any_value())), 0..4),
    ) {
        let mut value = serde_json::to_value(All { letter: 'x', ..All::default() }).unwrap();
        let object = value.as_object_mut().unwrap();
        let names: Vec<String> = object.keys().cloned().collect();
        for (place, change) in changes {
            match change {
                None => object.shift_remove(&names[place]),
                Some(change) => object.insert(names[place].clone(), change),
            };
        }
        prop_assume!(!has_array_for_struct(&value));
        let (ours, theirs) = (read::<All>(&value), serde_json::from_value::<All>(value.clone()));
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
            (Err(_), Err(_)) => {}
            (ours, theirs) => prop_assert!(false, "{}: {:?}, {:?}", value, ours, theirs),
        }
    }
}
