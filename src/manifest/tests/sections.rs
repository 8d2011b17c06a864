//! Every section of a manifest, and the sources of stories.

use std::time::Duration;

use tintype_compare::Perceptual;

use super::{Project, STORIES, in_storybook};
use crate::config::Config;
use crate::manifest::{ColorScheme, Manifest, Network, RequestAction, Source, Target};
use crate::model::{BrowserName, Viewport};

#[test]
fn without_entries_every_page_is_a_story() {
    let manifest = Project::new().parse(STORIES).unwrap();
    let ids: Vec<_> = manifest.stories.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["button", "card", "forms/field"]);
    let button = &manifest.stories[0];
    assert_eq!(button.path, "button.html");
    assert_eq!(button.themes[0].name, "light");
    assert_eq!(
        button.screens[0].viewport,
        Viewport {
            width: 1280,
            height: 720
        }
    );
    assert_eq!(button.capture.timeout, Duration::from_secs(15));
    assert_eq!(manifest.browser.names, [BrowserName::Chromium]);
    assert_eq!(
        manifest.baselines.as_str(),
        "baselines/{story}-{theme}-{viewport}.png"
    );
}

#[test]
fn every_section_is_read() {
    let project = Project::new();
    let manifest = project
        .parse(
            r##"
retries = 2
[stories]
dir = "stories"
[browser]
names = ["chromium", "firefox"]
sessions = 3
binary = "tools/chrome"
driver = "chromedriver"
args = ["--lang=de"]
sandbox = false
[themes]
light = { color-scheme = "light" }
dark = { color-scheme = "dark", attributes = { data-theme = "dark" }, classes = ["night"], query = { theme = "dark" } }
[viewports]
phone = "375x667@2x"
desktop = { width = 1280, height = 720 }
[baselines]
path = "shots/{platform}/{story}-{theme}-{viewport}.png"
[compare]
threshold = 0.2
max-diff-pixels = 10
antialiasing = "count"
ignore = [{ x = 1, y = 2, width = 3, height = 4 }]
perceptual = { max-delta-e = 2 }
[capture]
timeout = "500ms"
[[request]]
url = "**/ads/**"
block = true
[[story]]
id = "cta"
path = "button.html?state=hover#top"
themes = ["dark"]
viewports = ["desktop", "800x600"]
scales = [1, 1.5]
browsers = ["firefox"]
compare = { max-diff-ratio = 0.5 }
capture = { target = { element = "#main" }, network = "off" }
[[story.request]]
url = "**/api/*"
method = "POST"
json = { a = [1, 2.5, "x", true, 2026-01-01] }
status = 201
headers = { X-Kind = "mock" }
delay = "100ms"
[[story]]
glob = "**/*.html"
skip = "not yet"
"##,
        )
        .unwrap();
    let root = project.0.path();
    assert_eq!(manifest.retries, 2);
    assert_eq!(manifest.source, Source::Dir(root.join("stories")));
    assert_eq!(manifest.browser.sessions, Some(3));
    assert_eq!(manifest.browser.binary, Some(root.join("tools/chrome")));
    assert_eq!(manifest.browser.driver, Some("chromedriver".into()));
    assert_eq!(manifest.browser.sandbox, Some(false));

    let cta = &manifest.stories[0];
    assert_eq!(
        (cta.id.as_str(), cta.path.as_str()),
        ("cta", "button.html?state=hover#top")
    );
    assert_eq!(cta.browsers, [BrowserName::Firefox]);
    let dark = &cta.themes[0];
    assert_eq!(dark.color_scheme, Some(ColorScheme::Dark));
    assert_eq!(dark.attributes["data-theme"], "dark");
    assert_eq!(dark.query["theme"], "dark");
    assert_eq!(dark.classes, ["night"]);
    let screens: Vec<_> = cta
        .screens
        .iter()
        .map(|s| (s.viewport.width, s.scale))
        .collect();
    assert_eq!(screens, [(1280, 1.0), (1280, 1.5), (800, 1.0), (800, 1.5)]);
    let compare = cta.compare.of(BrowserName::Firefox);
    assert_eq!(compare.threshold, 0.2);
    assert_eq!(compare.max_diff_pixels, Some(10));
    assert_eq!(compare.max_diff_ratio, Some(0.5));
    assert_eq!(compare.ignore[0].height, 4);
    assert_eq!(compare.perceptual, Perceptual::Limit { max_delta_e: 2.0 });
    assert_eq!(cta.capture.timeout, Duration::from_millis(500));
    assert_eq!(cta.capture.target, Target::Element("#main".to_owned()));

    assert_eq!(cta.capture.network, Network::Off);
    let [own, suite] = cta.requests.as_slice() else {
        panic!("{:?}", cta.requests)
    };
    assert_eq!(own.method.as_deref(), Some("POST"));
    assert_eq!(own.delay, Some(Duration::from_millis(100)));
    let RequestAction::Respond(answer) = &own.action else {
        panic!("{own:?}")
    };
    assert_eq!(&*answer.body, br#"{"a":[1,2.5,"x",true,"2026-01-01"]}"#);
    assert_eq!(answer.status, 201);
    let fields = [("content-type", "application/json"), ("x-kind", "mock")];
    assert!(answer.headers.iter().map(|(n, v)| (&**n, &**v)).eq(fields));
    assert_eq!(
        (suite.url.as_str(), &suite.action),
        ("**/ads/**", &RequestAction::Block)
    );
    assert_eq!(manifest.stories[1].requests.len(), 1);

    // A page that an entry names by its path is left to it.
    let rest: Vec<_> = manifest.stories[1..]
        .iter()
        .map(|s| s.id.as_str())
        .collect();
    assert_eq!(rest, ["card", "forms/field"]);
    assert_eq!(manifest.stories[1].skip.as_deref(), Some("not yet"));
    assert_eq!(manifest.stories[1].screens[0].scale, 2.0);
}

#[test]
fn a_server_has_the_stories_of_the_manifest() {
    let text = "[stories]\nurl = \"http://127.0.0.1:3000/app/\"\ncommand = \"npm start\"\n\
                [[story]]\npath = \"/forms/login\"\n";
    let manifest = Project::new().parse(text).unwrap();
    assert_eq!(
        manifest.source,
        Source::Url {
            base: "http://127.0.0.1:3000/app".to_owned(),
            command: Some("npm start".to_owned()),
        }
    );
    assert_eq!(manifest.stories[0].id, "forms/login");
}

#[test]
fn the_manifest_of_this_repository_is_valid() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("stories.toml");
    let manifest = Manifest::load(&path, &Config::default()).unwrap();
    assert!(manifest.stories.len() >= 20);
}

#[test]
fn filters_select_the_stories_of_a_storybook() {
    let text = in_storybook(
        "exclude = [{ tag = \"wip\" }]\n[themes]\ndark = { globals = { theme = \"dark\" } }\n\
         [[story]]\nid = \"button--primary\"\ncompare = { threshold = 0.5 }\n\
         [[story]]\nglob = \"**\"\nskip = \"later\"\n\
         [[story]]\nid = \"button-long\"\nstory = \"button--primary\"\nargs = { label = \"so long\" }\n",
    );
    let manifest = Project::new().parse(&text).unwrap();
    let stories: Vec<_> = manifest
        .stories
        .iter()
        .map(|story| {
            (
                story.id.as_str(),
                story.path.as_str(),
                story.skip.as_deref(),
            )
        })
        .collect();
    let address = "iframe.html?id=button--primary&viewMode=story";
    assert_eq!(
        stories,
        [
            ("button--primary", address, None),
            (
                "forms-field--blank",
                "iframe.html?id=forms-field--blank&viewMode=story",
                Some("later")
            ),
            (
                "button-long",
                &format!("{address}&args=label:so+long"),
                None
            ),
        ]
    );
    assert_eq!(manifest.stories[0].themes[0].globals, "theme:dark");
    let its = manifest.stories[0].storybook.as_ref().unwrap();
    assert!(!its.may_compare && its.may_pick_screens);
}

#[test]
#[cfg(feature = "artifacts")]
fn the_environment_names_the_artifact_store_before_the_manifest() {
    let project = Project::new();
    let section = "[artifacts]\nurl = \"s3://bucket/a\"\n[baselines]\nkeep = \"store\"\n";
    let text = format!("{STORIES}{section}");
    let manifest = project.parse(&text).unwrap();
    assert!(manifest.keeps_in_store);
    assert_eq!(manifest.artifacts.unwrap().to_string(), "s3://bucket/a");

    let config = Config::from_variables([("TINTYPE_ARTIFACTS", "gs://other")]).unwrap();
    let path = project.0.path().join("stories.toml");
    let manifest = Manifest::parse(&path, &text, &config).unwrap();
    assert_eq!(manifest.artifacts.unwrap().to_string(), "gs://other");
}

#[test]
fn baselines_in_the_store_need_a_store() {
    let text = format!("{STORIES}[baselines]\nkeep = \"store\"\n");
    let error = Project::new().parse(&text).unwrap_err().to_string();
    let expected = "`keep` in [baselines] needs an artifact store: set `url` in [artifacts]";
    assert!(error.contains(expected), "{error}");
    let text = format!("{STORIES}[baselines]\nkeep = \"lfs\"\n");
    let error = Project::new().parse(&text).unwrap_err().to_string();
    assert!(error.contains("expected \"git\" or \"store\""), "{error}");
}

#[test]
fn layout_digests_can_be_turned_off() {
    let takes = |section: &str| {
        let parsed = Project::new().parse(&format!("{STORIES}{section}"));
        parsed.map(|manifest| manifest.takes_digest)
    };
    assert!(takes("").unwrap());
    assert!(!takes("[explain]\ndigest = \"off\"\n").unwrap());
    let error = takes("[explain]\ndigest = \"no\"\n")
        .unwrap_err()
        .to_string();
    assert!(error.contains("expected \"on\" or \"off\""), "{error}");
}
