//! What the Workers runtime gives: clock, identifiers, random bytes, time limits, texts that stay in its memory.

pub mod patience;
pub mod platform;
pub mod text;
