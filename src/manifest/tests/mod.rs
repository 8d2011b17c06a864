//! The manifest, read from text as users write it.

mod alerts;
mod budget;
mod invalid;
mod schema;
mod sections;
mod settings;

use std::fs;

use tempfile::TempDir;

use super::{Manifest, ManifestError};
use crate::config::Config;

/// A project with a folder of stories.
struct Project(TempDir);

impl Project {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for page in [
            "button.html",
            "card.html",
            "forms/field.html",
            "forms/.draft.html",
        ] {
            let path = folder.path().join("stories").join(page);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "<!doctype html>").unwrap();
        }
        fs::write(folder.path().join("stories/button.css"), "").unwrap();
        let storybook = folder.path().join("storybook-static");
        fs::create_dir(&storybook).unwrap();
        fs::write(storybook.join("index.json"), INDEX).unwrap();
        let old = folder.path().join("old-storybook");
        fs::create_dir(&old).unwrap();
        fs::write(old.join("stories.json"), "{}").unwrap();
        Self(folder)
    }

    fn parse(&self, text: &str) -> Result<Manifest, ManifestError> {
        let path = self.0.path().join("stories.toml");
        let manifest = Manifest::parse(&path, text, &Config::default());
        match &manifest {
            Ok(_) => assert_eq!(schema::errors(text), "", "{text}"),
            Err(error) if error.to_string().contains(": unknown key `") => {
                assert_ne!(schema::errors(text), "", "{text}");
            }
            Err(_) => {}
        }
        manifest
    }

    /// The error message, without the name of the temporary folder.
    fn error(&self, text: &str) -> String {
        let message = self.parse(text).expect_err("an error").to_string();
        let folder = self.0.path().display().to_string();
        message.replace(&format!("{folder}/"), "")
    }
}

const INDEX: &str = r#"{"v":5,"entries":{
    "button--docs":{"type":"docs","id":"button--docs","title":"Button","name":"Docs"},
    "button--primary":{"type":"story","id":"button--primary","title":"Button","name":"Primary"},
    "button--wide":{"type":"story","id":"button--wide","title":"Button","name":"Wide","tags":["wip"]},
    "forms-field--blank":{"type":"story","id":"forms-field--blank","title":"Forms/Field","name":"Blank"}}}"#;

const STORYBOOK: &str = "[stories]\nstorybook = \"storybook-static\"\n";

fn in_storybook(more: &str) -> String {
    format!("{STORYBOOK}{more}")
}

const STORIES: &str = "[stories]\ndir = \"stories\"\n";

fn with(more: &str) -> String {
    format!("{STORIES}{more}")
}
