//! `cargo tintype compare`: compares two images or two folders of images,
//! without a project.

mod arguments;
mod command;
mod files;
mod folders;
mod image_pair;
mod outcome;
mod output;

pub(crate) use arguments::CompareArguments;
pub(crate) use command::run;
