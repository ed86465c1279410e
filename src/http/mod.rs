//! HTTP: requests and responses as this service reads and writes them, limits, and tables of routes. Only this room and
//! the router see the requests and responses of the `worker` crate.

pub(crate) mod address;
pub(crate) mod body;
pub(crate) mod body_budget;
pub(crate) mod cookie;
pub mod problem;
pub mod problem_code;
pub(crate) mod rate_limits;
mod refusal;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod routes;

pub use problem::Problem;
pub use problem_code::{AdminCode, ProblemCode};
