//! Settings of a story that override those of the suite.

use std::time::Duration;

use tintype_compare::{Antialiasing, Metric};

use super::{Project, STORIES, with};
use crate::manifest::{
    CaptureSettings, Contrast, LoginExpiry, LoginMethod, Medium, PageErrors, Step, Story,
};
use crate::model::BrowserName;

#[test]
fn named_steps_are_separate_stories() {
    let text = with(
        r#"
[[story]]
glob = "{button,card}.html"
steps = [
  { snapshot = "closed" },
  { hover = "button" },
  { click = "button", snapshot = "open" },
  { type = { into = "input", text = "" } },
  { press = "Shift+Tab" },
  { wait-for = { delay = "1s" } },
]
"#,
    );
    let manifest = Project::new().parse(&text).unwrap();
    let stories: Vec<_> = manifest
        .stories
        .iter()
        .map(|story| (story.id.as_str(), story.steps.len()))
        .collect();
    assert_eq!(
        stories,
        [
            ("button", 5),
            ("button-closed", 0),
            ("button-open", 2),
            ("card", 5),
            ("card-closed", 0),
            ("card-open", 2),
        ]
    );
    let kinds: Vec<_> = manifest.stories[0].steps.iter().map(Step::kind).collect();
    assert_eq!(kinds, ["hover", "click", "type", "press", "wait-for"]);
}

#[test]
fn each_story_has_its_lock_and_its_dependencies() {
    let text = format!(
        "{STORIES}lock = {{ name = \"staging\", slots = 4 }}\n
[[story]]
path = \"button.html\"
steps = [{{ sync = \"paid\" }}]
[[story]]
path = \"card.html\"
after = [\"button\", \"forms/field\"]
lock = \"till\"
[[story]]
path = \"forms/field.html\"
lock = false
"
    );
    let manifest = Project::new().parse(&text).unwrap();
    let described = manifest.stories.iter().map(|story| {
        let lock = story
            .lock
            .as_ref()
            .map(|lock| (lock.name.as_str(), lock.slots));
        let after = story.after.iter().map(|after| after.story.as_str());
        (lock, after.collect::<Vec<_>>(), story.has_sync())
    });
    let expected = [
        (Some(("staging", 4)), vec![], true),
        (Some(("till", 1)), vec!["button", "forms/field"], false),
        (None, vec![], false),
    ];
    assert_eq!(described.collect::<Vec<_>>(), expected);
}

#[test]
fn stories_of_the_test_target_run_after_others() {
    let text =
        "[stories]\nfrom-code = true\n[[story]]\npath = \"/a\"\nid = \"a\"\nafter = [\"coded\"]\n";
    let add = |story: Story| {
        let mut manifest = Project::new().parse(text).unwrap();
        manifest.add_stories(&[story]).map(|()| manifest)
    };
    let story = || Story::new("coded", "/coded").lock("staging", 2);
    let manifest = add(story()).unwrap();
    assert_eq!(manifest.stories[1].lock.as_ref().unwrap().slots, 2);
    let errors = [
        add(Story::new("other", "/other")),
        add(story().after(["b"])),
        add(story().after(["a"])),
        add(story().lock("a b", 1)),
        add(story().lock("staging", 0)),
    ];
    let shown = errors.map(|error| error.unwrap_err().to_string());
    let shown = without_folders(&shown.join("\n\n"));
    insta::assert_snapshot!("dependencies_of_stories_in_code", shown);
}

/// Without the name of the temporary folder.
fn without_folders(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace);
    let short = |word: &str| match word.rfind('/') {
        Some(at) if word.contains("stories.toml") => {
            let quote = if word.starts_with('`') { "`" } else { "" };
            format!("{quote}{}", &word[at + 1..])
        }
        _ => word.to_owned(),
    };
    words.map(short).collect()
}

#[test]
fn each_story_has_its_login() {
    let text = format!(
        "{STORIES}login = \"admin\"\n
[login.admin]
path = \"login\"
steps = [{{ type = {{ into = \"input\", text = \"${{PASSWORD}}\" }} }}]
ttl = \"30m\"
expired = \"form.login\"
[login.guest]
command = \"./guest.sh\"
expired = {{ path = \"login\" }}
[[story]]
path = \"button.html\"
[[story]]
path = \"card.html\"
login = \"guest\"
[[story]]
path = \"forms/field.html\"
login = false
"
    );
    let manifest = Project::new().parse(&text).unwrap();
    let logins: Vec<_> = manifest.stories.iter().map(|s| s.login.clone()).collect();
    let admin = logins[0].as_ref().unwrap();
    assert_eq!(admin.ttl, Duration::from_secs(30 * 60));
    assert_eq!(
        admin.expired,
        Some(LoginExpiry::Selector("form.login".to_owned()))
    );
    let guest = logins[1].as_ref().unwrap();
    assert_eq!(guest.how, LoginMethod::Command("./guest.sh".to_owned()));
    assert_eq!(guest.expired, Some(LoginExpiry::Path("/login".to_owned())));
    assert_eq!(logins[2], None);
}

#[test]
fn tolerances_depend_on_engine_and_platform() {
    let own = std::env::consts::OS;
    let text = format!(
        "{STORIES}
[compare]
threshold = 0.2
max-diff-pixels = 1
[compare.{own}]
max-diff-pixels = 2
[compare.firefox]
max-diff-pixels = 3
[compare.{}]
threshold = 0.9
[[story]]
path = \"button.html\"
[[story]]
path = \"card.html\"
compare = {{ max-diff-pixels = 4, webkit = {{ threshold = 0.5 }} }}
",
        if own == "linux" { "macos" } else { "linux" }
    );
    let manifest = Project::new().parse(&text).unwrap();
    let of = |story: usize, browser| {
        let options = manifest.stories[story].compare.of(browser);
        (options.threshold, options.max_diff_pixels)
    };
    assert_eq!(of(0, BrowserName::Chromium), (0.2, Some(2)));
    assert_eq!(of(0, BrowserName::Firefox), (0.2, Some(3)));
    assert_eq!(of(1, BrowserName::Firefox), (0.2, Some(4)));
    assert_eq!(of(1, BrowserName::Webkit), (0.5, Some(4)));
}

#[test]
fn known_failures_apply_to_engines_and_platforms() {
    let text = with(
        "[[story]]\npath = \"button.html\"\nknown-failure = \"issue 12\"\n
[[story]]\npath = \"card.html\"\nknown-failure = { reason = \"issue 13\", browsers = [\"firefox\"], platforms = [\"linux\"] }\n",
    );
    let manifest = Project::new().parse(&text).unwrap();
    let known = |n: usize| manifest.stories[n].known_failure.clone().unwrap();
    assert!(known(0).applies(BrowserName::Webkit, "windows"));
    assert!(known(1).applies(BrowserName::Firefox, "linux"));
    assert!(!known(1).applies(BrowserName::Firefox, "macos"));
    assert!(!known(1).applies(BrowserName::Chromium, "linux"));
}

#[test]
fn a_story_overrides_its_theme_and_a_theme_the_suite() {
    let text = with(
        "[device]\nlocale = \"de\"\ntimezone = \"Europe/Vienna\"\nreduced-motion = true\n
[themes]\nstrong = { contrast = \"more\", locale = \"fr\", reduced-motion = false }
[viewports]\nphone = { width = 375, height = 667, mobile = true, touch = true }
[[story]]\npath = \"button.html\"\ndevice = { locale = \"en\", media = \"print\" }\n",
    );
    let manifest = Project::new().parse(&text).unwrap();
    let plan = crate::plan::Plan::from_manifest(&manifest).unwrap();
    let snapshot = &plan.snapshots[0];
    let device = &snapshot.device;
    assert_eq!(device.locale.as_deref(), Some("en"));
    assert_eq!(device.time_zone.as_deref(), Some("Europe/Vienna"));
    assert_eq!(device.reduced_motion, Some(false));
    assert_eq!(device.contrast, Some(Contrast::More));
    assert_eq!(device.medium, Some(Medium::Print));
    assert!(snapshot.screen.mobile && snapshot.screen.touch);
    let name = snapshot.identifier.test_name();
    assert_eq!(
        name, "button::strong::375x667",
        "names do not contain devices"
    );
}

#[test]
fn baselines_from_another_environment_have_their_own_tolerances() {
    let manifest = Project::new()
        .parse(&with(
            "[compare]\nmetric = \"yiq\"\nthreshold = 0.0\nantialiasing = \"count\"\n\
             [compare.other-environment]\nmax-diff-pixels = 9\n\
             [[story]]\npath = \"button.html\"\n\
             [[story]]\npath = \"card.html\"\n\
             compare = { threshold = 0.3, max-diff-window = { size = 16, pixels = 28 }, \
             other-environment = { antialiasing = \"count\" } }\n",
        ))
        .unwrap();
    let options = |story: usize| {
        let tolerances = &manifest.stories[story].compare;
        let other = tolerances.of_other_environment(BrowserName::Chromium);
        (tolerances.of(BrowserName::Chromium).clone(), other)
    };
    let (same, other) = options(0);
    assert_eq!((same.metric, same.threshold), (Metric::Yiq, 0.0));
    assert_eq!(same.max_diff_pixels, None);
    assert_eq!((other.metric, other.threshold), (Metric::Yiq, 0.1));
    assert_eq!(other.max_diff_pixels, Some(9));
    assert_eq!(other.antialiasing, Antialiasing::Ignore);
    let (same, other) = options(1);
    assert_eq!(same.max_diff_window.unwrap().pixels, 28);
    assert_eq!((other.threshold, other.max_diff_pixels), (0.3, Some(9)));
    assert_eq!(other.antialiasing, Antialiasing::Count);
}

#[test]
fn a_story_overrides_the_capture_settings() {
    let manifest = Project::new()
        .parse(
            "[stories]\ndir = \"stories\"\n[capture]\nseed = 7\npage-errors = \"fail\"\n\
             page-time = \"2s\"\ntarget = \"page\"\nallow-hosts = [\"localhost:4000\"]\n\
             [[story]]\npath = \"button.html\"\ncapture = { seed = false, virtual-time = false, \
             scroll-through = false, allow-hosts = [\"0x7f.1:80\", \"[::1]:443\"] }\n\
             [[story]]\nid = \"other\"\npath = \"button.html\"\n",
        )
        .unwrap();
    let [own, suite] = manifest.stories.as_slice() else {
        panic!("{:?}", manifest.stories)
    };
    let (own, suite) = (&own.capture, &suite.capture);
    assert!(!own.seeded && !own.virtual_time && !own.scrolls_through());
    assert!(suite.seeded && suite.virtual_time && suite.scrolls_through());
    assert_eq!(suite.seed, Some(7));
    assert_eq!(own.page_errors, PageErrors::Fail);
    assert_eq!(own.page_time, Duration::from_secs(2));
    let hosts = |settings: &CaptureSettings| {
        let hosts = settings.allow_hosts.iter();
        hosts.map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(hosts(own), ["127.0.0.1:80", "[::1]:443"]);
    assert_eq!(hosts(suite), ["localhost:4000"]);
}
