//! `cargo tintype compare`: compares two images or two folders of images,
//! without a project.

mod arguments;
mod command;
mod file_pair;
mod files;
mod folders;
mod memory;
mod outcome;
mod output;

pub(crate) use arguments::CompareArguments;
pub(crate) use command::run;
