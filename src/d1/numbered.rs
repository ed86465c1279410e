//! The numbering of the names in SQL, which an isolate remembers: most requests send statements that were sent before.

use std::cell::RefCell;

use memchr::{memchr, memchr2};

/// Room for what expressions add to the SQL of most statements, in bytes.
const ROOM: usize = 256;
/// How much SQL is remembered, in bytes. Beyond that, all is forgotten.
const MOST_REMEMBERED: usize = 512 * 1024;

thread_local! {
    static REMEMBERED: RefCell<Remembered> = const { RefCell::new(Remembered { all: Vec::new(), bytes: 0 }) };
}

/// The meaning of a name in the SQL.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meaning<'m> {
    /// Text or NULL.
    Value(Option<&'m str>),
    /// SQL, which may name parameters itself.
    Expression(&'static str),
}

/// SQL with numbered parameters, and their values.
type WithValues = (String, Vec<Option<String>>);

/// Numbers the names in `sql`.
pub(super) fn number<'m>(sql: &str, meaning: &dyn Fn(&str) -> Option<Meaning<'m>>) -> WithValues {
    REMEMBERED.with_borrow_mut(|remembered| remembered.number(sql, meaning))
}

/// Numbered statements, ordered by the length of their SQL.
struct Remembered {
    all: Vec<Numbered>,
    bytes: usize,
}

impl Remembered {
    fn number<'m>(&mut self, sql: &str, meaning: &dyn Fn(&str) -> Option<Meaning<'m>>) -> WithValues {
        let first = self.all.partition_point(|each| each.named.len() < sql.len());
        let of_length = self.all.iter().skip(first).take_while(|each| each.named.len() == sql.len());
        let mut same = of_length.filter(|each| is_same(&each.named, sql));
        if let Some(statement) = same.find_map(|each| each.bind(meaning)) {
            return statement;
        }
        let mut numbered = Numbered {
            named: sql.to_owned(),
            sql: String::with_capacity(sql.len().saturating_add(ROOM)),
            names: Vec::new(),
            values: 0,
        };
        numbered.append(sql, meaning);
        let statement = (numbered.sql.clone(), numbered.params(meaning));
        self.bytes = self.bytes.saturating_add(numbered.named.len()).saturating_add(numbered.sql.capacity());
        if self.bytes > MOST_REMEMBERED {
            (self.all, self.bytes) = (Vec::new(), 0);
        } else {
            self.all.insert(first, numbered);
        }
        statement
    }
}

/// SQL with names, and what became of it.
struct Numbered {
    named: String,
    /// With numbers.
    sql: String,
    /// The names, in the order in which they were met first.
    names: Vec<(String, Role)>,
    /// How many of the names are values.
    values: usize,
}

/// What a name stood for when it was met.
#[derive(Clone, Copy)]
enum Role {
    /// A parameter, with its number.
    Value(usize),
    Expression(&'static str),
    Unknown,
}

impl Numbered {
    /// The statement with the values of another request, if each name plays the same role there.
    fn bind<'m>(&self, meaning: &dyn Fn(&str) -> Option<Meaning<'m>>) -> Option<WithValues> {
        let mut params = Vec::with_capacity(self.values);
        for (name, role) in &self.names {
            match (role, meaning(name)) {
                (Role::Value(_), Some(Meaning::Value(value))) => params.push(value.map(str::to_owned)),
                // The same text, at the same place in the Worker's memory.
                (Role::Expression(own), Some(Meaning::Expression(sql))) if std::ptr::eq(*own, sql) => {}
                (Role::Unknown, None) => {}
                _ => return None,
            }
        }
        Some((self.sql.clone(), params))
    }

    /// The values of the names that were just numbered.
    fn params<'m>(&self, meaning: &dyn Fn(&str) -> Option<Meaning<'m>>) -> Vec<Option<String>> {
        let value = |(name, _): &(String, Role)| match meaning(name) {
            Some(Meaning::Value(value)) => Some(value.map(str::to_owned)),
            _ => None,
        };
        self.names.iter().filter_map(value).collect()
    }

    fn append<'m>(&mut self, sql: &str, meaning: &dyn Fn(&str) -> Option<Meaning<'m>>) {
        let mut rest = sql;
        while let Some(at) = memchr2(b':', b'\'', rest.as_bytes()) {
            let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.sql.push_str(before);
            let Some(after) = after.strip_prefix(':') else {
                // A string literal, up to its end.
                let end = memchr(b'\'', after.as_bytes().get(1..).unwrap_or_default());
                let end = end.map_or(after.len(), |end| end.saturating_add(2));
                let (literal, after) = after.split_at_checked(end).unwrap_or((after, ""));
                self.sql.push_str(literal);
                rest = after;
                continue;
            };
            let end = after
                .bytes()
                .position(|other| !(other.is_ascii_alphanumeric() || other == b'_'))
                .unwrap_or(after.len());
            let (name, after_name) = after.split_at_checked(end).unwrap_or((after, ""));
            rest = after_name;
            match self.role(name, meaning) {
                Role::Expression(sql) => self.append(sql, meaning),
                Role::Value(number) => {
                    self.sql.push('?');
                    self.sql.push_str(&number.to_string());
                }
                Role::Unknown => {
                    self.sql.push(':');
                    self.sql.push_str(name);
                }
            }
        }
        self.sql.push_str(rest);
    }

    fn role<'m>(&mut self, name: &str, meaning: &dyn Fn(&str) -> Option<Meaning<'m>>) -> Role {
        if let Some((_, role)) = self.names.iter().find(|(own, _)| own == name) {
            return *role;
        }
        let role = match meaning(name) {
            Some(Meaning::Expression(sql)) => Role::Expression(sql),
            Some(Meaning::Value(_)) => {
                self.values = self.values.saturating_add(1);
                Role::Value(self.values)
            }
            None => Role::Unknown,
        };
        self.names.push((name.to_owned(), role));
        role
    }
}

/// Whether two texts are equal. WebAssembly's `memcmp` compares a byte at a time.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let (one, last) = one.as_bytes().as_chunks::<8>();
    let (other, other_last) = other.as_bytes().as_chunks::<8>();
    let is_different =
        |(one, other): (&[u8; 8], &[u8; 8])| u64::from_ne_bytes(*one) != u64::from_ne_bytes(*other);
    !one.iter().zip(other).any(is_different) && last == other_last
}

#[cfg(test)]
mod tests {
    use super::super::statement::{Statement, expression, optional, text};

    #[test]
    fn a_statement_that_is_remembered_has_the_values_of_the_request() {
        let sql = "SELECT ':a', :b, :a, :org, :unknown FROM t WHERE b = :b AND c = :c";
        let of = |a: &str, b: Option<&str>, c: &str| {
            let org = expression("org", "(SELECT :a, :d)");
            Statement::new(sql, &[text("a", a), optional("b", b), text("c", c), org, text("d", "4")])
        };
        let (first, second) = (of("1", None, "3"), of("one", Some("two"), "three"));
        let numbered = "SELECT ':a', ?1, ?2, (SELECT ?2, ?3), :unknown FROM t WHERE b = ?1 AND c = ?4";
        assert_eq!((first.sql.as_str(), second.sql.as_str()), (numbered, numbered));
        let params = |params: [Option<&str>; 4]| params.map(|param| param.map(str::to_owned));
        assert_eq!(first.params, params([None, Some("1"), Some("4"), Some("3")]));
        assert_eq!(second.params, params([Some("two"), Some("one"), Some("4"), Some("three")]));
    }

    #[test]
    fn a_name_may_stand_for_something_else_the_next_time() {
        let sql = "SELECT * FROM t WHERE org_id = :org AND id = :id";
        let of = |org| Statement::new(sql, &[org, text("id", "i"), text("key", "k")]).sql;
        for _ in 0..2 {
            assert_eq!(of(text("org", "o")), "SELECT * FROM t WHERE org_id = ?1 AND id = ?2");
            assert_eq!(
                of(expression("org", "(SELECT :key)")),
                "SELECT * FROM t WHERE org_id = (SELECT ?1) AND id = ?2"
            );
            assert_eq!(
                of(expression("org", "(SELECT :id)")),
                "SELECT * FROM t WHERE org_id = (SELECT ?1) AND id = ?1"
            );
            assert_eq!(Statement::new(sql, &[]).sql, sql);
        }
    }

    #[test]
    fn much_sql_is_forgotten() {
        for number in 0..3_000 {
            let sql = format!("SELECT {number}, '{}' WHERE id = :id", "x".repeat(500));
            let statement = Statement::new(&sql, &[text("id", "i")]);
            assert_eq!(statement.sql, sql.replace(":id", "?1"));
        }
        super::REMEMBERED.with_borrow(|remembered| assert!(remembered.bytes <= super::MOST_REMEMBERED));
    }

    #[test]
    fn texts_are_told_apart() {
        for (one, other) in [("", ""), ("abcdefghi", "abcdefghi"), ("abcdefgh", "abcdefgh")] {
            assert!(super::is_same(one, other));
        }
        for (one, other) in
            [("abcdefghi", "abcdefghj"), ("abcdefghi", "xbcdefghi"), ("a", "b"), ("abcdefgh", "")]
        {
            assert!(!super::is_same(one, other));
        }
    }
}
