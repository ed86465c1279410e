//! Pages of deeds, merged from two lists: what changed something, from events, and requests that changed nothing, from
//! the log. Either list may have been read only so far.

use super::types::events::{ChangeEvent, Deed, DeedCursor, DeedQuery};

/// A deed, and where it stands.
#[derive(Debug)]
pub(super) struct Item {
    /// The time of the deed, with the end of the log entry's id behind it if it is from the log: sorts as deeds do.
    pub(super) key: String,
    /// The lowest and the highest sequence number of its events; `None`: it is from the log.
    pub(super) seqs: Option<(i64, i64)>,
    pub(super) deed: Deed,
}

impl Item {
    /// Adds an event of the deed, unless it has it already.
    pub(super) fn add(&mut self, event: ChangeEvent) {
        let events = &mut self.deed.events;
        let Err(place) = events.binary_search_by_key(&event.seq, |each| each.seq) else { return };
        if let Some((lowest, highest)) = &mut self.seqs {
            *lowest = event.seq.min(*lowest);
            *highest = event.seq.max(*highest);
        }
        events.insert(place, event);
        self.deed.event_count = self.deed.event_count.saturating_add(1);
    }
}

/// How far a list was read.
#[derive(Debug)]
pub(super) struct Reach {
    /// The place between the events that were read and the others.
    pub(super) seq: i64,
    /// The place between the deeds that were read and the others.
    pub(super) key: String,
}

/// A list, or as much of it as was read.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// In the order of reading.
    pub(super) items: Vec<Item>,
    /// `None`: it was read to its end.
    pub(super) reach: Option<Reach>,
}

/// A page while it is made.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) before: Option<DeedCursor>,
    pub(super) after: Option<DeedCursor>,
    pub(super) count: usize,
    pub(super) deeds: Stream,
    pub(super) requests: Stream,
}

/// A page with the cursors of the next and the previous one.
pub(super) type Merged = (Vec<Deed>, Option<DeedCursor>, Option<DeedCursor>);

/// Behind the ids of the log that begin with a text, and before all higher ones.
pub(super) fn behind(id: &str) -> String {
    format!("{id}~")
}

impl Page {
    pub(super) fn of(query: &DeedQuery) -> Self {
        Self {
            before: query.before.clone(),
            after: query.after.clone(),
            count: query.count.0.into(),
            deeds: Stream::default(),
            requests: Stream::default(),
        }
    }

    /// Whether the oldest deeds of the range are read, and not the newest.
    pub(super) fn is_ascending(&self) -> bool {
        self.after.is_some()
    }

    /// Merges the two lists as far as both were read.
    pub(super) fn merged(self) -> Merged {
        let is_ascending = self.is_ascending();
        let reaches = [&self.deeds.reach, &self.requests.reach];
        let keys = reaches.into_iter().flatten().map(|reach| reach.key.clone());
        // As far as the list goes that was read less far.
        let limit = if is_ascending { keys.min() } else { keys.max() };
        let mut items: Vec<Item> = self.deeds.items.into_iter().chain(self.requests.items).collect();
        items.sort_by_cached_key(|item| item.seqs.map_or(i64::MAX, |(_, highest)| highest));
        items.sort_by_cached_key(|item| item.key.clone());
        if !is_ascending {
            items.reverse();
        }
        let is_read = |item: &Item| match &limit {
            None => true,
            Some(limit) if is_ascending => item.key <= *limit,
            Some(limit) => item.key >= *limit,
        };
        let read = items.iter().take(self.count).take_while(|item| is_read(item)).count();
        let left = items.split_off(read);
        let has_more = !left.is_empty() || self.deeds.reach.is_some() || self.requests.reach.is_some();
        let place = |one: Option<i64>, reach: Option<i64>, end: i64| one.or(reach).unwrap_or(end);
        let log_place =
            |one: Option<String>, reach: Option<String>, end: String| one.or(reach).unwrap_or(end);
        let (deeds_reach, requests_reach) =
            (self.deeds.reach.as_ref().map(|reach| reach.seq), self.requests.reach.map(|reach| reach.key));
        let seqs = |items: &[Item]| items.iter().filter_map(|item| item.seqs).collect::<Vec<_>>();
        let ids = |items: &[Item]| {
            items.iter().filter(|item| item.seqs.is_none()).map(|item| item.key.clone()).collect::<Vec<_>>()
        };
        let further = has_more.then(|| {
            if is_ascending {
                let end = seqs(&items).into_iter().map(|(_, highest)| highest.saturating_add(1)).max();
                let end = end.or(self.after.as_ref().map(|after| after.seq)).unwrap_or_default();
                let log_end = ids(&items).into_iter().max().map(|id| behind(&id));
                let log_end = log_end.or(self.after.as_ref().map(|after| after.log_id.clone()));
                DeedCursor {
                    seq: place(seqs(&left).into_iter().map(|(lowest, _)| lowest).min(), deeds_reach, end),
                    log_id: log_place(
                        ids(&left).into_iter().min(),
                        requests_reach,
                        log_end.unwrap_or_else(|| "0".to_owned()),
                    ),
                }
            } else {
                let first_left = seqs(&left).into_iter().map(|(_, highest)| highest.saturating_add(1)).max();
                DeedCursor {
                    seq: place(first_left, deeds_reach, 0),
                    log_id: log_place(
                        ids(&left).into_iter().max().map(|id| behind(&id)),
                        requests_reach,
                        "0".to_owned(),
                    ),
                }
            }
        });
        if is_ascending {
            items.reverse();
        }
        let deeds = items.into_iter().map(|item| item.deed).collect();
        if is_ascending { (deeds, self.after, further) } else { (deeds, further, self.before) }
    }
}
