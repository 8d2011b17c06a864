//! The rooms under test and what they stand on, without the rest of the
//! library: browsers, servers and Redis would only be compiled and linked.

#[path = "../../src/compare/mod.rs"]
pub mod compare;
#[path = "../../src/model/mod.rs"]
pub mod model;
