//! Rate limits by key and by address (docs/limits.md). The rate-limit bindings of Workers count for a location of
//! Cloudflare; without a binding, the isolate counts for itself. Both are approximate.

use std::cell::RefCell;

use litemap::LiteMap;
use worker::{Env, RateLimiter, console_error};

use super::request::HttpRequest;
use crate::deployment::variable;
use crate::error::Limit;
use crate::runtime::clock;
use directory::Key;

/// The period of a count, in milliseconds.
const MINUTE: u64 = 60 * 1000;
/// Most counters that an isolate keeps. Beyond that, new addresses and keys are not counted.
pub(crate) const MOST_COUNTS: usize = 10_000;
/// How many keys that this isolate does not know are looked up in a minute for an address with too many failures: a
/// good key behind the same address may be among them.
const LOOK_UPS_OF_FAILED: u32 = 60;

/// A kind of request that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rate {
    /// Refused keys and tokens of an address.
    Failures,
    /// Requests with a good SCIM key.
    Requests,
    /// Requests with a good product key.
    ProductRequests,
    /// Lists with a good key for which the database has to read all rows.
    Scans,
    /// Keys that are looked up for an address with too many failures.
    LookUps,
}

impl Rate {
    /// The rate-limit binding; the variable with the limit that applies without the binding; and that limit's default.
    pub(crate) fn setting(self) -> (&'static str, &'static str, u32) {
        match self {
            Self::Failures => ("FAILED_SIGN_INS", "FAILED_SIGN_INS_PER_MINUTE", 20),
            Self::Requests => ("KEY_REQUESTS", "KEY_REQUESTS_PER_MINUTE", 3_000),
            Self::ProductRequests => ("PRODUCT_KEY_REQUESTS", "PRODUCT_KEY_REQUESTS_PER_MINUTE", 30_000),
            Self::Scans => ("KEY_SCANS", "KEY_SCANS_PER_MINUTE", 60),
            Self::LookUps => ("", "", LOOK_UPS_OF_FAILED),
        }
    }

    /// Counts one more request of a key or an address. Returns whether it is within the limit.
    async fn allows(self, env: &Env, subject: &str) -> bool {
        let (binding, limit, default) = self.setting();
        if let Some(limiter) = self.limiter(env) {
            match limiter.limit(subject.to_owned()).await {
                Ok(outcome) => return outcome.success,
                Err(error) => console_error!("the rate limit {binding} did not answer: {error}"),
            }
        }
        let most = LIMITS.with_borrow(|limits| limits.get(&self).copied()).unwrap_or_else(|| {
            let most = match limit {
                "" => default,
                limit => variable(env, limit, "").parse().unwrap_or(default),
            };
            LIMITS.with_borrow_mut(|limits| limits.insert(self, most));
            most
        });
        let now = clock::now_millis();
        COUNTS.with_borrow_mut(|counts| counts.count((self, subject.to_owned()), now) <= most)
    }

    /// The rate-limit binding, if there is one.
    fn limiter(self, env: &Env) -> Option<RateLimiter> {
        let (binding, ..) = self.setting();
        let is_absent = ABSENT.with_borrow(|absent| absent.contains(&self));
        if binding.is_empty() || is_absent {
            return None;
        }
        let limiter = env.rate_limiter(binding).ok();
        if limiter.is_none() {
            ABSENT.with_borrow_mut(|absent| absent.push(self));
        }
        limiter
    }
}

/// The counters of an isolate, and until when addresses with too many failures are blocked.
struct Counts {
    counted: LiteMap<(Rate, String), (u64, u32)>,
    blocked: LiteMap<String, u64>,
}

thread_local! {
    /// The limits of this isolate's own counts. Bindings and variables are the same for every request of an isolate.
    static LIMITS: RefCell<LiteMap<Rate, u32>> = const { RefCell::new(LiteMap::new()) };
    /// Rates without a binding.
    static ABSENT: RefCell<Vec<Rate>> = const { RefCell::new(Vec::new()) };
    static COUNTS: RefCell<Counts> =
        const { RefCell::new(Counts { counted: LiteMap::new(), blocked: LiteMap::new() }) };
}

impl Counts {
    /// Counts one more. Returns how many there have been in the current period.
    fn count(&mut self, what: (Rate, String), now: u64) -> u32 {
        let is_current = |began: u64| now.saturating_sub(began) < MINUTE;
        if self.counted.len() >= MOST_COUNTS {
            self.counted.retain(|_, (began, _)| is_current(*began));
        }
        if self.counted.len() >= MOST_COUNTS && !self.counted.contains_key(&what) {
            return 0;
        }
        let (began, count) = self.counted.entry(what).or_insert((now, 0));
        if !is_current(*began) {
            (*began, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count
    }

    fn block(&mut self, address: &str, now: u64) {
        self.blocked.retain(|_, until| *until > now);
        if self.blocked.len() < MOST_COUNTS {
            self.blocked.insert(address.to_owned(), now.saturating_add(MINUTE));
        }
    }
}

/// Refuses an admin token from an address with too many failures.
///
/// # Errors
/// 429.
pub(crate) fn check_address(request: &HttpRequest) -> Result<(), Limit> {
    if is_blocked(&address_of(request)) { Err(Limit::FailedAuthentications) } else { Ok(()) }
}

/// Counts a refused key or token.
///
/// # Errors
/// 429 if the address of the request has had too many.
pub(crate) async fn count_failure(env: &Env, request: &HttpRequest) -> Result<(), Limit> {
    let address = address_of(request);
    if Rate::Failures.allows(env, &address).await {
        return Ok(());
    }
    COUNTS.with_borrow_mut(|counts| counts.block(&address, clock::now_millis()));
    Err(Limit::FailedAuthentications)
}

/// Refuses a key that this isolate does not know, from an address with too many failures. A few such keys a minute are
/// let through, so that a good key behind the same address is found.
///
/// # Errors
/// 429.
pub(crate) async fn check_unknown_key(env: &Env, request: &HttpRequest) -> Result<(), Limit> {
    let address = address_of(request);
    if !is_blocked(&address) || Rate::LookUps.allows(env, &address).await {
        return Ok(());
    }
    Err(Limit::FailedAuthentications)
}

/// Counts a request with a good key.
///
/// # Errors
/// 429 above 50 a second over a minute.
pub(crate) async fn count_request(env: &Env, key: &Key) -> Result<(), Limit> {
    if Rate::Requests.allows(env, key.hash()).await {
        return Ok(());
    }
    Err(Limit::Requests)
}

/// Counts a request with a good product key.
///
/// # Errors
/// 429 above 500 a second over a minute.
pub(crate) async fn count_product_request(env: &Env, key: &Key) -> Result<(), Limit> {
    if Rate::ProductRequests.allows(env, key.hash()).await {
        return Ok(());
    }
    Err(Limit::Requests)
}

/// Counts a list with a good key for which the database has to read all rows.
///
/// # Errors
/// 429 above one a second over a minute.
pub(crate) async fn count_scan(env: &Env, key: &Key) -> Result<(), Limit> {
    if Rate::Scans.allows(env, key.hash()).await {
        return Ok(());
    }
    Err(Limit::Scans { indexed: crate::d1::list::INDEXED })
}

fn is_blocked(address: &str) -> bool {
    let now = clock::now_millis();
    COUNTS.with_borrow(|counts| counts.blocked.get(address).is_some_and(|until| *until > now))
}

/// The address that a request comes from. Addresses of one IPv6 network are one address.
fn address_of(request: &HttpRequest) -> String {
    network_of(&request.header("cf-connecting-ip").unwrap_or_default())
}

fn network_of(address: &str) -> String {
    match address.parse() {
        Ok(std::net::IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_counted_from_the_first_on() {
        let mut counts = Counts { counted: LiteMap::new(), blocked: LiteMap::new() };
        let who = || (Rate::Requests, "key".to_owned());
        assert_eq!([counts.count(who(), 100), counts.count(who(), MINUTE)], [1, 2]);
        assert_eq!(counts.count(who(), MINUTE + 100), 1);
        for number in 0..MOST_COUNTS * 2 {
            counts.count((Rate::Requests, number.to_string()), MINUTE);
        }
        assert!(counts.counted.len() <= MOST_COUNTS);
        assert_eq!(counts.count(who(), MINUTE + 101), 2);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        assert_eq!(network_of("2001:db8:1:2:3::4"), network_of("2001:db8:1:2:ffff::1"));
        assert_ne!(network_of("2001:db8:1:2::"), network_of("2001:db8:1:3::"));
        assert_eq!(network_of("192.0.2.7"), "192.0.2.7");
    }
}
