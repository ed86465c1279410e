//! A table of routes: which method of which path has which handler. 404, 405, `Allow` and HEAD follow from it.

use http::Method;

#[cfg(test)]
use crate::redaction::audit_log::is_known_segment;

/// The methods that routes may have, in the order in which `Allow` lists them. HEAD is where GET is.
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Routes whose handlers are of type `H`, such as a function pointer.
pub(crate) struct Routes<H> {
    resources: Vec<Resource<H>>,
    /// Indices of `resources` by path.
    by_path: matchit::Router<usize>,
}

/// A path and its methods.
struct Resource<H> {
    path: &'static str,
    handlers: Vec<(Method, H)>,
}

/// The route of a request.
pub(crate) struct Route<'a, H> {
    /// What answers the request.
    pub(crate) handler: &'a H,
    /// The values of the path's parameters, in their order.
    pub(crate) parameters: Vec<&'a str>,
}

/// Why a request has no route.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// 404: no route has the path.
    NotFound,
    /// 405: routes have the path, with the methods of `allow`.
    MethodNotAllowed { allow: String, detail: String },
}

impl<H> Routes<H> {
    /// An empty table.
    pub(crate) fn new() -> Self {
        Self { resources: Vec::new(), by_path: matchit::Router::new() }
    }

    /// The same table with one more route.
    ///
    /// A segment `:name` of the path is a parameter: it stands for any segment that no other path has there. A path
    /// that conflicts with another is not found; a test of each table asserts that there is [no such
    /// path](Self::conflicts).
    #[must_use]
    pub(crate) fn at(mut self, path: &'static str, method: Method, handler: H) -> Self {
        match self.resources.iter_mut().find(|resource| resource.path == path) {
            Some(resource) => resource.handlers.push((method, handler)),
            None => {
                let _conflict = self.by_path.insert(path, self.resources.len());
                self.resources.push(Resource { path, handlers: vec![(method, handler)] });
            }
        }
        self
    }

    /// The route of a method and of the segments of a path, which are decoded, and of which none is empty.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn find<'a>(&'a self, method: &Method, segments: &[&'a str]) -> Result<Route<'a, H>, NoRoute> {
        let resource = self.resource(segments).ok_or(NoRoute::NotFound)?;
        let method = if method == Method::HEAD { &Method::GET } else { method };
        match resource.handlers.iter().find(|(own, _)| own == method) {
            Some((_, handler)) => Ok(Route { handler, parameters: resource.parameters(segments) }),
            None => {
                let allow = resource.allow();
                let detail = format!("Method {method} is not allowed. Allowed: {allow}.");
                Err(NoRoute::MethodNotAllowed { allow, detail })
            }
        }
    }

    /// The method of a handler, and its path, without the slash at its beginning, with these values of its parameters.
    pub(crate) fn address(
        &self,
        is_meant: impl Fn(&H) -> bool,
        parameters: &[&str],
    ) -> Option<(&'static str, String)> {
        let mut values = parameters.iter();
        for Resource { path, handlers } in &self.resources {
            let Some((method, _)) = handlers.iter().find(|(_, handler)| is_meant(handler)) else { continue };
            let method = METHODS.iter().find(|known| *known == method)?;
            let names = path.split('/').skip(1);
            let segments = names.map(|name| match name.strip_prefix(':') {
                Some(_) => values.next().copied(),
                None => Some(name),
            });
            return Some((method.as_str(), segments.collect::<Option<Vec<_>>>()?.join("/")));
        }
        None
    }

    fn resource(&self, segments: &[&str]) -> Option<&Resource<H>> {
        let mut path = String::new();
        for segment in segments {
            path.push('/');
            // A slash that was encoded is part of its segment. No path of a route has an encoded one.
            path.push_str(&segment.replace('/', "%2F"));
        }
        let found = self.by_path.at(if path.is_empty() { "/" } else { &path }).ok()?;
        self.resources.get(*found.value)
    }

    /// The paths, how many parameters each has, and its handlers.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, usize, &H)> {
        self.resources.iter().flat_map(|resource| {
            let parameters = resource.path.matches("/:").count();
            resource.handlers.iter().map(move |(_, handler)| (resource.path, parameters, handler))
        })
    }

    /// The segments of paths that the logs do not know, and would redact.
    #[cfg(test)]
    pub(crate) fn unknown_segments(&self) -> Vec<&'static str> {
        let segments = self.resources.iter().flat_map(|resource| resource.path.split('/').skip(1));
        segments
            .filter(|name| !name.is_empty() && !name.starts_with(':') && !is_known_segment(name))
            .collect()
    }

    /// The paths, and their methods.
    #[cfg(test)]
    pub(crate) fn methods(&self) -> impl Iterator<Item = (&'static str, &Method)> {
        self.resources
            .iter()
            .flat_map(|resource| resource.handlers.iter().map(|(method, _)| (resource.path, method)))
    }

    /// The paths that are not found, and those with a method that is there twice or that no table has.
    #[cfg(test)]
    pub(crate) fn conflicts(&self) -> Vec<&'static str> {
        let is_found = |path: &'static str| {
            let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
            self.resource(&segments).is_some_and(|found| found.path == path)
        };
        let has_each_method_once = |resource: &Resource<H>| {
            let count = |method: &Method| resource.handlers.iter().filter(|(own, _)| own == method).count();
            METHODS.iter().all(|method| count(method) <= 1)
                && METHODS.iter().map(count).sum::<usize>() == resource.handlers.len()
        };
        let conflicting =
            self.resources.iter().filter(|each| !is_found(each.path) || !has_each_method_once(each));
        conflicting.map(|resource| resource.path).collect()
    }
}

impl<H> Resource<H> {
    /// What stands for the parameters.
    fn parameters<'a>(&self, segments: &[&'a str]) -> Vec<&'a str> {
        let names = self.path.split('/').skip(1);
        names.zip(segments).filter(|(name, _)| name.starts_with(':')).map(|(_, segment)| *segment).collect()
    }

    fn allow(&self) -> String {
        let has = |method: &&Method| self.handlers.iter().any(|(own, _)| own == *method);
        let name =
            |method: &Method| if method == Method::GET { "GET, HEAD" } else { method.as_str() }.to_owned();
        METHODS.iter().filter(has).map(name).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes<u8> {
        Routes::new()
            .at("/", Method::GET, 0)
            .at("/a", Method::DELETE, 1)
            .at("/a", Method::GET, 2)
            .at("/a/:x", Method::PUT, 3)
            .at("/a/b", Method::POST, 4)
            .at("/a/:x/c/:y", Method::PATCH, 5)
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn find(method: &Method, segments: &[&'static str]) -> Result<(u8, Vec<String>), NoRoute> {
        routes().find(method, segments).map(|route| (*route.handler, strings(&route.parameters)))
    }

    #[test]
    fn a_route_is_found_by_method_and_path() {
        assert_eq!(find(&Method::GET, &[]), Ok((0, Vec::new())));
        assert_eq!(find(&Method::HEAD, &["a"]), Ok((2, Vec::new())));
        assert_eq!(find(&Method::PUT, &["a", "1"]), Ok((3, strings(&["1"]))));
        assert_eq!(find(&Method::PUT, &["a", "b/c"]), Ok((3, strings(&["b/c"]))));
        assert_eq!(find(&Method::POST, &["a", "b"]), Ok((4, Vec::new())));
        assert_eq!(find(&Method::PATCH, &["a", "b", "c", "é"]), Ok((5, strings(&["b", "é"]))));
        assert_eq!(find(&Method::PATCH, &["a", ":x", "c", "%2F"]), Ok((5, strings(&[":x", "%2F"]))));
    }

    #[test]
    fn a_path_with_other_methods_is_405_and_any_other_404() {
        for (segments, expected) in
            [(&["a"][..], "GET, HEAD, DELETE"), (&["a", "b"], "POST"), (&["a", "x"], "PUT")]
        {
            for method in [Method::PATCH, Method::OPTIONS] {
                let Err(NoRoute::MethodNotAllowed { allow, detail }) = find(&method, segments) else {
                    panic!("{segments:?}");
                };
                assert_eq!(allow, expected);
                assert_eq!(detail, format!("Method {method} is not allowed. Allowed: {expected}."));
            }
        }
        for segments in [&["b"][..], &["A"], &["a", "b", "c"], &["a", "b", "c", "d", "e"], &["a/b"]] {
            assert_eq!(find(&Method::GET, segments), Err(NoRoute::NotFound), "{segments:?}");
        }
    }

    #[test]
    fn conflicts_are_found() {
        assert_eq!(routes().conflicts(), Vec::<&str>::new());
        let again =
            routes().at("/a/:z", Method::GET, 6).at("/a/b", Method::POST, 7).at("/x", Method::HEAD, 8);
        assert_eq!(again.conflicts(), ["/a/b", "/a/:z", "/x"]);
    }
}
