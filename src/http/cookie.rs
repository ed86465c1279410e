//! Cookies of the console, which the browser sends to no other site and from none.

use super::request::HttpRequest;

/// The cookies of that name in a request, in their order.
pub(crate) fn values(request: &HttpRequest, name: &str) -> Vec<String> {
    let name = full_name(&request.address.origin, name);
    let cookies = request.header("cookie").unwrap_or_default();
    let cookies = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
    cookies.filter(|(own, _)| *own == name).map(|(_, value)| value.to_owned()).collect()
}

/// The `Set-Cookie` that gives it a value for so many seconds; 0 deletes it.
pub(crate) fn set(origin: &str, name: &str, value: &str, seconds: u64) -> String {
    let scope = if is_secure(origin) { "Path=/; Secure" } else { "Path=/console" };
    format!("{}={value}; {scope}; Max-Age={seconds}; HttpOnly; SameSite=Strict", full_name(origin, name))
}

fn is_secure(origin: &str) -> bool {
    origin.starts_with("https://")
}

/// Browsers accept a `__Host-` cookie only from this host, by https and for all of its paths.
fn full_name(origin: &str, name: &str) -> String {
    format!("{}{name}", if is_secure(origin) { "__Host-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_bound_to_the_host_where_there_is_https() {
        assert_eq!(
            set("https://a.example", "session", "v", 7_200),
            "__Host-session=v; Path=/; Secure; Max-Age=7200; HttpOnly; SameSite=Strict"
        );
        assert_eq!(
            set("http://127.0.0.1:8787", "session", "v", 1),
            "session=v; Path=/console; Max-Age=1; HttpOnly; SameSite=Strict"
        );
    }
}
