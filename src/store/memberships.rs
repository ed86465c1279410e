//! Who is in which group. Changes are sets of rows: what a request asks for is compared with what is there, and
//! only the difference is written. To add and remove members, the group's others are never read.

use serde_json::Value;

use super::pieces::{self, PIECE, Pieces};
use super::record::{self, array, pair};
use super::statement::{Binding, Statement, expression, text};
use super::tenant::Tenant;
use super::{Row, StoreError, Text};
use crate::directory::group::{Ids, MembershipChange};
use crate::scim::text::shorten;
use crate::scim::{ScimError, json};

/// Most bytes of a parameter, of which D1 takes two million.
const MOST_BYTES: usize = 1_800_000;
/// Most numbers in a parameter.
const MOST_SEQS: usize = 150_000;

/// The members of a group, in pieces in the order of their numbers.
#[derive(Debug, Default)]
pub struct Members(Vec<Piece>);

#[derive(Debug)]
struct Piece {
    number: i64,
    seqs: Vec<i64>,
    objects: Text,
}

impl Members {
    /// Reads the rows of [`current`] or [`again`].
    ///
    /// # Errors
    /// Our fault: a row is not what the statement selects.
    pub fn read(rows: Vec<Row>) -> Result<Self, StoreError> {
        let mut members = Self::default();
        for row in rows {
            let number = record::read("a piece", &row.head, |value| {
                let [_, number] = pair(value)?;
                number.as_i64()
            })?;
            let (seqs, objects) = row.body.split_after(']');
            let seqs = if seqs.is_empty() { Vec::new() } else { record::read_integers("members", &seqs)? };
            members.put(Piece { number, seqs, objects });
        }
        Ok(members)
    }

    fn put(&mut self, piece: Piece) {
        // No number comes twice.
        let (Ok(at) | Err(at)) = self.find(piece.number);
        self.0.insert(at, piece);
    }

    /// Where the piece of a number is, or would be.
    fn find(&self, number: i64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&number, |piece| piece.number)
    }

    /// What is to be done to have those who are wanted in the group, and nobody else.
    pub fn difference(&self, wanted: Known) -> Difference {
        let wanted = in_order(wanted.seqs);
        let is_member = |seq: &i64| {
            let piece = self.find(seq.div_euclid(PIECE)).ok().and_then(|at| self.0.get(at));
            piece.is_some_and(|piece| piece.seqs.binary_search(seq).is_ok())
        };
        let current = self.0.iter().flat_map(|piece| &piece.seqs).copied();
        Difference {
            leave: current.filter(|seq| wanted.binary_search(seq).is_err()).collect(),
            join: wanted.iter().copied().filter(|seq| !is_member(seq)).collect(),
        }
    }

    /// The members after a difference has been written, given the pieces that it touches as they are then.
    pub fn changed(mut self, difference: &Difference, now: Self) -> Self {
        let touched = difference.pieces();
        self.0.retain(|piece| touched.binary_search(&piece.number).is_err());
        now.0.into_iter().for_each(|piece| self.put(piece));
        self
    }

    /// As the client gets them, in pieces.
    pub fn into_pieces(self) -> Pieces {
        Pieces::whole(self.0.into_iter().map(|piece| piece.objects).collect())
    }
}

/// Reads the members of one group with their `seq`; see [`Members::read`].
pub fn current(tenant: &Tenant<'_>, id: &str) -> Statement {
    let sql = pieces::all(&pieces::seqs_and_objects(), &pieces::of_group_with_id());
    tenant.statement(&sql, &[text("id", id)])
}

/// Reads the pieces that a difference touches; see [`Members::read`].
pub fn again(tenant: &Tenant<'_>, id: &str, difference: &Difference) -> Statement {
    let sql = format!(
        "SELECT json_array(g.seq, j.value) AS head, {} AS body
         FROM groups g CROSS JOIN json_each(:pieces) j WHERE g.org_id = :org AND g.id = :id",
        pieces::one(&pieces::seqs_and_objects(), "g.seq", "j.value")
    );
    tenant.statement(&sql, &[text("id", id), text("pieces", json::write(&Value::from(difference.pieces())))])
}

/// Those of the ids a request names who are somebody, and active.
#[derive(Debug)]
pub struct Known {
    unknown: Vec<Value>,
    seqs: Vec<i64>,
}

impl Known {
    /// Reads the rows of [`known`], one for each statement.
    ///
    /// # Errors
    /// `invalidValue` naming the ids that are no user's.
    pub fn read(rows: impl IntoIterator<Item = Row>) -> Result<Self, ScimError> {
        let mut known = Self { unknown: Vec::new(), seqs: Vec::new() };
        for row in rows {
            known.seqs.extend(record::read_integers("known users", &row.head)?);
            known.unknown.extend(record::read("unknown users", &row.body.into_string(), array)?);
        }
        if known.unknown.is_empty() {
            return Ok(known);
        }
        const NAMED: usize = 5;
        let named: Vec<String> = known
            .unknown
            .iter()
            .take(NAMED)
            .map(|id| format!("\"{}\"", shorten(id.as_str().unwrap_or_default())))
            .collect();
        let others = match known.unknown.len().saturating_sub(NAMED) {
            0 => String::new(),
            others => format!(" and {others} others"),
        };
        Err(ScimError::invalid_value(format!(
            "No user has the id {}{others}; nothing was changed. Unassign the person in the identity provider and assign \
             them again, so that it learns their id here.",
            named.join(", ")
        )))
    }
}

/// Looks up ids; see [`Known::read`]. A statement for as many as fit into one.
///
/// People who are not active are in no group; asking for them is no mistake, and has no effect. People
/// whom SCIM does not see are not known, and stay in their groups.
pub fn known(tenant: &Tenant<'_>, ids: &Ids<'_>) -> Vec<Statement> {
    let sql = "SELECT json_group_array(u.seq) FILTER (WHERE u.active = 1) AS head,
           json_group_array(j.value) FILTER (WHERE u.seq IS NULL) AS body
         FROM json_each(:known_ids) j
         LEFT JOIN users u ON u.org_id = :org AND u.id = j.value AND u.managed = 1";
    in_parameters(ids).into_iter().map(|ids| tenant.statement(sql, &bindings_of(ids))).collect()
}

/// The ids as arrays, of which each fits into one parameter.
fn in_parameters(ids: &Ids<'_>) -> Vec<String> {
    let mut arrays = Vec::new();
    let mut array = String::new();
    for id in ids {
        // Whatever is escaped takes up to six bytes.
        if !array.is_empty() && array.len().saturating_add(id.len().saturating_mul(6)) > MOST_BYTES {
            array.push(']');
            arrays.push(std::mem::take(&mut array));
        }
        array.push(if array.is_empty() { '[' } else { ',' });
        json::push_text(&mut array, id);
    }
    if !array.is_empty() {
        array.push(']');
        arrays.push(array);
    }
    arrays
}

/// A key that is no good has no organization, and is not worth looking at the ids for.
fn bindings_of(ids: String) -> Vec<Binding> {
    vec![text("ids", ids), expression("known_ids", "iif(:org IS NULL, '[]', :ids)")]
}

/// The difference between what a request asks for and what is there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    join: Vec<i64>,
    leave: Vec<i64>,
}

impl Difference {
    /// Whether membership is already as it should be.
    pub fn is_empty(&self) -> bool {
        self.join.is_empty() && self.leave.is_empty()
    }

    /// Everybody who is wanted joins a group that has nobody yet.
    pub fn of_new(wanted: Known) -> Self {
        Self { join: wanted.seqs, leave: Vec::new() }
    }

    /// The numbers of the pieces in which members are others then.
    fn pieces(&self) -> Vec<i64> {
        in_order(self.join.iter().chain(&self.leave).map(|seq| seq.div_euclid(PIECE)).collect())
    }
}

/// Numbers in order, each once.
fn in_order(mut numbers: Vec<i64>) -> Vec<i64> {
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// A comparison of whom to add and to remove with who is there.
pub struct Comparison {
    joining: usize,
    statements: Vec<Statement>,
}

impl Comparison {
    /// Compares for a group.
    pub fn of(tenant: &Tenant<'_>, group_id: &str, change: &MembershipChange<'_>) -> Self {
        let statements = |ids: &Ids<'_>, sql: &str| -> Vec<Statement> {
            let bindings = |ids| {
                let mut bindings = bindings_of(ids);
                bindings.push(text("group", group_id));
                bindings
            };
            in_parameters(ids).into_iter().map(|ids| tenant.statement(sql, &bindings(ids))).collect()
        };
        let join = statements(
            &change.add,
            "SELECT json_group_array(u.seq) FILTER (WHERE u.active = 1 AND m.user_seq IS NULL) AS head,
               json_group_array(j.value) FILTER (WHERE u.seq IS NULL) AS body
             FROM json_each(:known_ids) j
             LEFT JOIN users u ON u.org_id = :org AND u.id = j.value AND u.managed = 1
             LEFT JOIN memberships m ON m.user_seq = u.seq
               AND m.group_seq = (SELECT seq FROM groups WHERE org_id = :org AND id = :group)",
        );
        let leave = statements(
            &change.remove,
            "SELECT json_group_array(m.user_seq) AS head
             FROM json_each(:known_ids) j
             CROSS JOIN users u ON u.org_id = :org AND u.id = j.value AND u.managed = 1
             CROSS JOIN memberships m ON m.user_seq = u.seq
               AND m.group_seq = (SELECT seq FROM groups WHERE org_id = :org AND id = :group)",
        );
        Self { joining: join.len(), statements: join.into_iter().chain(leave).collect() }
    }

    /// The statements to run.
    pub fn take_statements(&mut self) -> Vec<Statement> {
        std::mem::take(&mut self.statements)
    }

    /// Reads the difference, once the statements have run.
    ///
    /// # Errors
    /// Those of [`Known::read`].
    pub fn read(&self, rows: impl IntoIterator<Item = Row>) -> Result<Difference, ScimError> {
        let mut rows = rows.into_iter();
        let joining = Known::read(rows.by_ref().take(self.joining))?;
        let mut leave = Vec::new();
        for row in rows {
            leave.extend(record::read_integers("members", &row.head)?);
        }
        Ok(Difference { join: joining.seqs, leave })
    }
}

/// Writes a difference. Adding who is there and removing who is not changes nothing, so that two requests
/// at once do not disturb each other.
pub fn change(tenant: &Tenant<'_>, group_id: &str, difference: &Difference) -> Vec<Statement> {
    let bindings =
        |seqs: &[i64]| vec![text("group", group_id), text("seqs", json::write(&Value::from(seqs)))];
    let join = difference.join.chunks(MOST_SEQS).map(|seqs| {
        tenant.statement(
            "INSERT INTO memberships (group_seq, user_seq)
             SELECT g.seq, u.seq
             FROM groups g CROSS JOIN json_each(:seqs) j CROSS JOIN users u ON u.seq = j.value
             WHERE g.org_id = :org AND g.id = :group AND u.org_id = g.org_id AND u.active = 1 AND u.managed = 1
             ON CONFLICT DO NOTHING",
            &bindings(seqs),
        )
    });
    let leave = difference.leave.chunks(MOST_SEQS).map(|seqs| {
        tenant.statement(
            "DELETE FROM memberships
             WHERE group_seq = (SELECT seq FROM groups WHERE org_id = :org AND id = :group)
               AND user_seq IN (SELECT value FROM json_each(:seqs))",
            &bindings(seqs),
        )
    });
    join.chain(leave).collect()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn rows(pieces: &[(i64, &str)]) -> Vec<Row> {
        let row = |&(number, body): &(i64, &str)| Row {
            head: format!("[1,{number}]"),
            body: Text::Here(body.to_owned()),
        };
        pieces.iter().map(row).collect()
    }

    fn objects(members: Members) -> Vec<String> {
        members.into_pieces().texts.into_iter().map(Text::into_string).collect()
    }

    #[test]
    fn a_difference_leads_to_what_is_wanted() {
        let before = rows(&[
            (0, r#"[1,2,3]{"value":"a"},{"value":"b"},{"value":"]c"}"#),
            (2, r#"[2001]{"value":"z"}"#),
        ]);
        let members = Members::read(before).unwrap();
        let wanted = || Known { unknown: Vec::new(), seqs: vec![1005, 2001, 2, 1] };
        let difference = members.difference(wanted());
        assert_eq!(difference, Difference { join: vec![1005], leave: vec![3] });
        assert_eq!(difference.pieces(), [0, 1]);
        let again = rows(&[(0, r#"[1,2]{"value":"a"},{"value":"b"}"#), (1, r#"[1005]{"value":"e"}"#)]);
        let after = members.changed(&difference, Members::read(again).unwrap());
        assert!(after.difference(wanted()).is_empty());
        assert_eq!(
            objects(after),
            [r#"{"value":"a"},{"value":"b"}"#, r#"{"value":"e"}"#, r#"{"value":"z"}"#]
        );
    }

    #[test]
    fn a_piece_whose_members_have_all_gone_is_empty() {
        let members = Members::read(rows(&[(0, r#"[1]{"value":"a"}"#)])).unwrap();
        let difference = members.difference(Known { unknown: Vec::new(), seqs: Vec::new() });
        let after = members.changed(&difference, Members::read(rows(&[(0, "")])).unwrap());
        assert_eq!(objects(after), [""]);
    }

    #[test]
    fn ids_are_spread_over_parameters() {
        assert!(in_parameters(&Ids::new()).is_empty());
        let ids = |count: usize| (0..count).map(|id| format!("{id:0>36}").into()).collect::<Ids<'_>>();
        assert_eq!(in_parameters(&ids(2)), [format!("[\"{:0>36}\",\"{:0>36}\"]", 0, 1)]);
        let many = in_parameters(&ids(100_000));
        assert!(many.len() > 1 && many.iter().all(|array| array.len() <= MOST_BYTES + 2));
        let read = many.iter().flat_map(|array| serde_json::from_str::<Vec<String>>(array).unwrap());
        let escaped: Ids<'_> = (0..300).map(|n| format!("{n}{}", "\u{1}\"".repeat(500)).into()).collect();
        assert!(in_parameters(&escaped).iter().all(|array| array.len() <= MOST_BYTES + 2));
        assert!(read.eq(ids(100_000).into_iter().map(Cow::into_owned)));
    }
}
