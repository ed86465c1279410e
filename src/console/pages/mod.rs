//! The console's pages. Each page is one module: what it reads from the API, its forms, and its HTML. Pages and forms
//! call the handlers of the API, so that a script can do whatever a page can. Everything works without JavaScript; with
//! it, buttons copy values, and the log updates itself.

mod access;
mod advice;
mod asset;
mod banners;
mod brake;
mod bulk;
mod calls;
mod confirm;
pub(crate) mod days;
mod deeds;
mod deleted_people;
mod deletion;
mod event;
mod export;
mod field_words;
pub(crate) mod flash;
pub(crate) mod form;
mod group;
mod guide_page;
mod guides;
mod health;
mod health_line;
mod history;
mod import;
mod imports;
mod key_forms;
mod key_views;
mod keys;
pub(crate) mod layout;
mod lists;
mod log;
mod member;
mod members;
mod organizations;
mod page;
mod parts;
mod plain_groups;
mod project;
mod projects;
mod request;
mod restore;
mod role;
pub(crate) mod routes;
mod settings;
mod sign_in;
mod team;
pub(crate) mod undo;
mod undo_run;
pub(crate) mod undo_words;

pub(crate) use asset::{ICON, SCRIPT, STYLESHEET};
pub(crate) use guide_page::guide_page;
pub(crate) use guides::Guide;
pub(crate) use request::{Page, PageRequest, PageResponse};
pub(crate) use sign_in::{RESUME, same_site_redirect_page, sign_in};
