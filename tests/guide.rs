//! The guide under `docs`: its links lead somewhere, and its reference of the
//! manifest's keys is that of the schema.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tintype::internals::manifest::SCHEMA;
use tintype::internals::model::{ERROR_KINDS, error_anchor};

/// With this variable, generated files are written instead of compared.
const UPDATE: &str = "UPDATE_DOCS";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Markdown files of the repository that git knows.
fn documents() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "*.md",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let names = String::from_utf8(output.stdout).unwrap();
    let paths: Vec<_> = names.lines().map(|name| root().join(name)).collect();
    paths.into_iter().filter(|path| path.is_file()).collect()
}

/// Text without fenced blocks and code.
fn prose(text: &str) -> String {
    let mut in_block = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    });
    let lines = lines.collect::<Vec<_>>().join("\n");
    let parts = lines.split('`').enumerate();
    parts
        .map(|(number, part)| if number % 2 == 0 { part } else { "code" })
        .collect()
}

/// The addresses of this repository's files.
const FILES: [&str; 2] = [
    "https://github.com/tintype-rs/tintype/blob/main/",
    "https://github.com/tintype-rs/tintype/tree/main/",
];

/// The targets of `[text](target)` and of `href`, `src` and `srcset`.
fn links(text: &str) -> Vec<String> {
    let text = prose(text);
    let markdown = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let html = ["href=\"", "src=\"", "srcset=\""];
    let html = html.iter().flat_map(|start| text.split(start).skip(1));
    let html = html.filter_map(|rest| rest.split('"').next());
    markdown.chain(html).map(str::to_owned).collect()
}

/// The anchors of headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> Vec<String> {
    let mut in_block = false;
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut anchors = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        let heading = line.trim_start_matches('#');
        if in_block {
            continue;
        }
        let mut heading = heading.to_owned();
        let ids = line.split("<a id=\"").skip(1);
        for id in ids.filter_map(|rest| rest.split('"').next()) {
            anchors.push(id.to_owned());
            heading = heading.replace(&format!("<a id=\"{id}\"></a>"), "");
        }
        if !line.starts_with('#') || !heading.starts_with(' ') {
            continue;
        }
        let kept = heading.trim().to_lowercase();
        let kept = kept
            .chars()
            .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let count = seen.entry(anchor.clone()).or_default();
        anchors.push(match *count {
            0 => anchor,
            count => format!("{anchor}-{count}"),
        });
        *count += 1;
    }
    anchors
}

#[test]
fn links_lead_to_files_and_headings() {
    let documents = documents();
    assert!(documents.len() > 15, "{documents:?}");
    let mut checked = 0;
    for document in &documents {
        let text = fs::read_to_string(document).unwrap();
        for link in links(&text) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let in_repository = FILES.iter().find_map(|start| path.strip_prefix(start));
            let target = match (path, in_repository) {
                ("", _) => document.clone(),
                (_, Some(path)) => root().join(path),
                _ if path.contains(':') => continue,
                (path, None) => document.parent().unwrap().join(path),
            };
            let shown = document.strip_prefix(root()).unwrap().display();
            let is_page = document.starts_with(root().join("docs"));
            assert!(
                !is_page || !path.starts_with(".."),
                "{shown}: {link} leads out of the book (help: use the address of the file)"
            );
            assert!(target.exists(), "{shown}: {link}");
            if !anchor.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                let known = anchors(&text);
                assert!(
                    known.contains(&anchor.to_owned()),
                    "{shown}: {link}: {known:?}"
                );
            }
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked}");
}

/// The targets of `href` and `src` in a page that mdBook has built.
fn page_links(html: &str) -> Vec<String> {
    let starts = [" href=\"", " src=\"", " srcset=\""];
    let parts = starts.iter().flat_map(|start| html.split(start).skip(1));
    let links = parts.filter_map(|rest| rest.split('"').next());
    links.map(|link| link.replace("&amp;", "&")).collect()
}

/// Builds the guide with the program `mdbook`, which `./test` installs.
#[test]
fn links_of_the_built_guide_lead_to_pages_and_anchors() {
    let built = tempfile::tempdir().unwrap();
    let mut mdbook = Command::new("mdbook");
    mdbook.arg("build").arg("--dest-dir").arg(built.path());
    let output = match mdbook.arg(root().join("docs")).output() {
        Ok(output) => output,
        Err(_) if std::env::var_os("CI").is_none() => {
            eprintln!("mdbook is not installed, so the built guide was not checked");
            return;
        }
        Err(error) => panic!("mdbook: {error}"),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("WARN"), "{said}");
    let pages = fs::read_dir(built.path()).unwrap();
    let pages = pages.map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|e| e == "html"));
    let pages: HashMap<_, _> = pages
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    let mut checked = 0;
    for (path, html) in &pages {
        // It has the links of all pages, and addresses from the root.
        if path.ends_with("print.html") || path.ends_with("404.html") {
            continue;
        }
        for link in page_links(html) {
            if link.contains(':') || link.is_empty() {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => path.clone(),
                file => built.path().join(file),
            };
            let shown = path.file_name().unwrap().display();
            assert!(target.exists(), "{shown}: {link}");
            if !anchor.is_empty() {
                let id = format!("id=\"{anchor}\"");
                assert!(pages[&target].contains(&id), "{shown}: {link}");
            }
            checked += 1;
        }
    }
    assert!(checked > 1_000, "{checked}");
}

/// Messages of failed snapshots link to the entry of the kind of their error.
#[test]
fn every_kind_of_error_has_an_entry() {
    let page = fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
    let known = anchors(&page);
    for kind in ERROR_KINDS {
        assert!(known.contains(&error_anchor(kind)), "{kind}");
    }
    // The literals with which the code makes them.
    let code = fs::read_to_string(root().join("src/browser/error.rs")).unwrap();
    let (_, code) = code.split_once("let (kind, selector) = ").unwrap();
    let (code, _) = code.split_once("ResultError {").unwrap();
    let mut used: Vec<_> = literals(code);
    let code = fs::read_to_string(root().join("src/snapshot/pipeline.rs")).unwrap();
    let (_, code) = code.split_once("fn describe_failure").unwrap();
    let (code, _) = code.split_once("ResultError {").unwrap();
    used.extend(literals(code));
    // Not a failure.
    used.retain(|kind| kind != "skipped");
    used.sort();
    used.dedup();
    assert_eq!(used, ERROR_KINDS);
    let entries = known.iter().filter(|anchor| anchor.starts_with("error-"));
    assert_eq!(entries.count(), ERROR_KINDS.len());
}

fn literals(code: &str) -> Vec<String> {
    let parts = code.split('"').skip(1).step_by(2);
    parts.map(str::to_owned).collect()
}

#[test]
fn every_page_is_in_the_summary() {
    let docs = root().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let listed = links(&summary);
    for entry in fs::read_dir(&docs).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") && name != "SUMMARY.md" {
            assert!(listed.contains(&name), "{name}");
        }
    }
    let book = fs::read_to_string(docs.join("book.toml")).unwrap();
    let book: toml::Table = book.parse().unwrap();
    assert_eq!(book["book"]["src"].as_str(), Some("."));
}

#[test]
fn the_reference_of_keys_is_that_of_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut text = String::from(
        "# Keys of the manifest\n\n\
         <!-- Written by `UPDATE_DOCS=1 cargo test --test guide`. -->\n\n\
         Every key, from [stories.schema.json](stories.schema.json); [The\n\
         manifest](manifest.md) explains them.\n",
    );
    let shared = schema["$defs"].as_object().unwrap();
    let mut single = Vec::new();
    for (name, section) in schema["properties"].as_object().unwrap() {
        let heading = match name.as_str() {
            "alert" | "story" | "request" => format!("[[{name}]]"),
            "login" => "[login.NAME]".to_owned(),
            "themes" => "[themes] NAME".to_owned(),
            "viewports" => "[viewports] NAME".to_owned(),
            name => format!("[{name}]"),
        };
        match resolve(&schema, table_of(section)).get("properties") {
            Some(_) => keys(&schema, &heading, table_of(section), &mut text),
            None => single.push((name.as_str(), section)),
        }
    }
    for (name, heading) in [
        ("step", "A step"),
        ("comparison", "Overrides of comparison"),
        ("engineSettings", "Settings of an engine"),
        ("condition", "A condition"),
    ] {
        keys(&schema, heading, table_of(&shared[name]), &mut text);
    }
    let _ = write!(
        text,
        "\n## Without a section\n\n| key | value | meaning |\n|---|---|---|\n"
    );
    for (name, value) in single {
        row(&schema, name, value, &mut text);
    }
    let path = root().join("docs/manifest-keys.md");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, &text).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap();
    assert!(
        found == text,
        "docs/manifest-keys.md is outdated (help: set {UPDATE}=1)"
    );
}

/// The schema of the tables in a section: of its items, of its values, or its own.
fn table_of(schema: &Value) -> &Value {
    if let Some(choices) = schema["anyOf"].as_array() {
        return choices
            .iter()
            .find(|choice| choice["type"] == "object")
            .unwrap_or(schema);
    }
    match (&schema["items"], &schema["additionalProperties"]) {
        (Value::Object(_), _) => table_of(&schema["items"]),
        (_, Value::Object(_)) => table_of(&schema["additionalProperties"]),
        _ => schema,
    }
}

fn resolve<'a>(schema: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => resolve(schema, schema.pointer(&reference[1..]).unwrap()),
        None => value,
    }
}

fn keys(schema: &Value, heading: &str, table: &Value, text: &mut String) {
    let table = resolve(schema, table);
    let _ = write!(
        text,
        "\n## {heading}\n\n| key | value | meaning |\n|---|---|---|\n"
    );
    for (name, value) in table["properties"].as_object().unwrap() {
        row(schema, name, value, text);
    }
}

fn row(schema: &Value, name: &str, value: &Value, text: &mut String) {
    let own = value["description"].as_str();
    let meaning = own
        .or(resolve(schema, value)["description"].as_str())
        .unwrap_or_default();
    let default = match resolve(schema, value)
        .get("default")
        .or(value.get("default"))
    {
        Some(default) => format!("; default: `{default}`"),
        None => String::new(),
    };
    let kind = kind(schema, value);
    let escaped = |text: &str| text.replace('|', "\\|").replace('<', "&lt;");
    let _ = writeln!(
        text,
        "| `{name}` | {} | {}{default} |",
        escaped(&kind),
        escaped(meaning)
    );
}

/// What a value is, in a few words.
fn kind(schema: &Value, value: &Value) -> String {
    let value = resolve(schema, value);
    if let Some(choices) = value["anyOf"].as_array() {
        let kinds: Vec<_> = choices.iter().map(|choice| kind(schema, choice)).collect();
        return kinds.join(" or ");
    }
    if let Some(words) = value["enum"].as_array() {
        let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        return words.join(", ");
    }
    if let Some(word) = value.get("const") {
        return format!("`{word}`");
    }
    let range = match (value["minimum"].as_f64(), value["maximum"].as_f64()) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        (Some(min), None) => format!(" of at least {min}"),
        _ => String::new(),
    };
    match value["type"].as_str() {
        Some("string") => "text".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("array") => format!("list of: {}", kind(schema, &value["items"])),
        Some("object") => match value["properties"].as_object() {
            Some(keys) if keys.len() <= 4 => {
                let keys: Vec<_> = keys.keys().map(|key| format!("`{key}`")).collect();
                format!("table with {}", keys.join(", "))
            }
            _ => "table".to_owned(),
        },
        Some(number) => format!("{number}{range}"),
        None => "anything".to_owned(),
    }
}
