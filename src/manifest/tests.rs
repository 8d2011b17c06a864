use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use crate::config::Config;
use crate::model::BrowserName;
use crate::model::Viewport;
use tintype_compare::{Antialiasing, Metric, Perceptual};

use super::{
    ColorScheme, LoginExpiry, LoginMethod, Manifest, ManifestError, Network, PageErrors,
    RequestAction, Source, Step, Target,
};

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
        Manifest::parse(
            &self.0.path().join("stories.toml"),
            text,
            &Config::default(),
        )
    }

    /// What a person reads, without the name of the temporary folder.
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

/// Snapshots the message of each bad manifest under its name.
macro_rules! bad {
    ($($name:ident: $text:expr;)+) => {$(
        #[test]
        fn $name() {
            let text = $text;
            let shown = format!("{text}\n=====\n{}", Project::new().error(&text));
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(stringify!($name), shown);
            });
        }
    )+};
}

fn with(more: &str) -> String {
    format!("{STORIES}{more}")
}

bad! {
    stories_section_is_missing: "[browser]\nnames = [\"chromium\"]\n";
    stories_section_without_source: "[stories]\n";
    dir_and_url_are_combined: with("url = \"http://127.0.0.1:3000\"\n");
    dir_does_not_exist: "[stories]\ndir = \"storys\"\n";
    host_with_a_port: "[stories]\ndir = \"stories\"\nhost = \"ci:8080\"\n";
    host_is_combined_with_url: "[stories]\nurl = \"http://ci\"\nhost = \"ci\"\n[[story]]\npath = \"/a\"\n";
    unknown_key_in_engine_settings: with("[browser.firefox]\nbinry = \"firefox\"\n");
    command_without_url: with("command = \"npm start\"\n");
    url_without_scheme: "[stories]\nurl = \"localhost:3000\"\n[[story]]\npath = \"/a\"\n";
    storybook_folder_does_not_exist: "[stories]\nstorybook = \"storybook\"\n[[story]]\nid = \"a--b\"\n";
    storybook_is_too_old: "[stories]\nstorybook = \"old-storybook\"\n";
    storybook_folder_has_no_index: "[stories]\nstorybook = \"stories\"\n";
    storybook_pattern_matches_nothing: in_storybook("include = [\"Buton/**\", { tag = \"visual\" }]\n");
    storybook_pattern_is_invalid: in_storybook("exclude = [{ id = \"a\", tag = \"b\" }, 1]\n");
    storybook_filter_excludes_all: in_storybook("exclude = [\"**\"]\n");
    storybook_story_is_unknown: in_storybook("[[story]]\nid = \"button--primry\"\n");
    storybook_story_has_a_path: in_storybook("[[story]]\npath = \"iframe.html\"\n");
    storybook_entry_is_excluded: in_storybook(
        "exclude = [{ tag = \"wip\" }]\n[[story]]\nid = \"button--wide\"\n"
    );
    storybook_args_are_invalid: in_storybook(
        "[[story]]\nid = \"button--primary\"\nargs = { label = \"a & b\", size = 1 }\n"
    );
    storybook_keys_without_storybook: with(
        "include = [\"a\"]\n[themes]\na = { globals = { b = 1 } }\n[[story]]\npath = \"card.html\"\nargs = { a = 1 }\n"
    );
    credentials_without_server: with("headers = { X-A = \"b\" }\ninsecure = true\n");
    credential_names_are_invalid: "[stories]\nurl = \"http://a.b\"\nheaders = { Cookie = \"a\", \"a b\" = \"c\" }\n\
        cookies = { \"a;b\" = \"c\" }\n[[story]]\npath = \"/\"\nid = \"home\"\n";
    credential_variables_are_invalid: "[stories]\nurl = \"http://a.b\"\nheaders = { X-A = \"${TOKEN\", X-B = \"${A B}\" }\n\
        basic-auth = { user = \"ada\" }\n[[story]]\npath = \"/\"\nid = \"home\"\n";
    url_contains_a_password: "[stories]\nurl = \"http://ada:secret@a.b\"\n[[story]]\npath = \"/\"\nid = \"home\"\n";
    unknown_section: with("[viewport]\nphone = \"375x667\"\n");
    unknown_key: with("[compare]\ntreshold = 0.2\n");
    unknown_key_lists_the_known_ones: with("[browser]\nspeed = \"fast\"\n");
    unknown_browser: with("[browser]\nnames = [\"chromium\", \"firefx\", \"chromium\"]\n");
    browser_names_are_empty: with("[browser]\nnames = []\n");
    sessions_are_out_of_range: with("[browser]\nsessions = 0\n");
    sessions_are_an_unknown_word: with("[browser]\nsessions = \"atuo\"\n");
    unknown_colour_scheme: with("[themes]\nnight = { color-scheme = \"drak\" }\n");
    theme_name_is_invalid: with("[themes]\n\"high contrast\" = {}\n");
    viewport_is_invalid: with("[viewports]\nphone = \"375*667\"\ntablet = { width = 768 }\nwall = [1, 2]\n");
    viewport_is_out_of_range: with("[viewports]\nwall = { width = 20000, height = 0 }\n");
    compare_numbers_are_out_of_range: with("[compare]\nthreshold = 1.5\nmax-diff-pixels = -1\n");
    compare_values_have_wrong_types: with("[compare]\nthreshold = \"low\"\nantialiasing = \"ignored\"\n");
    ignore_rectangle_is_incomplete: with("[compare]\nignore = [{ x = 0, y = 0, width = 0 }]\n");
    compare_window_is_incomplete: with("[compare]\nmax-diff-window = { size = 0 }\nmetric = \"lab\"\n");
    compare_other_environment_is_invalid: with("[compare.other-environment]\nthreshold = 2\nother-environment = {}\n");
    capture_time_settings_are_invalid: with("[capture]\nseed = \"one\"\npage-time = 10\nvirtual-time = \"on\"\npage-errors = \"ignore\"\nscroll-through = 1\n");
    browser_is_named_chrome: with("[browser]\nnames = [\"chrome\"]\n");
    invalid_viewport_is_not_reported_twice: with("[viewports]\nphone = \"375*667\"\n[[story]]\npath = \"button.html\"\nviewports = [\"phone\"]\n");
    perceptual_has_wrong_type: with("[compare]\nperceptual = true\n");
    timeout_without_unit: with("[capture]\ntimeout = \"15\"\n");
    wait_for_without_one_condition: with("[capture]\nwait-for = [\"#a\", { selector = \"#b\", delay = \"1s\" }, {}]\n");
    clock_without_zone: with("[capture]\nclock = \"2026-01-01\"\nisolation = \"page\"\n");
    target_with_unknown_key: with("[capture]\ntarget = { selector = \"main\" }\n");
    baseline_placeholder_is_unknown: with("[baselines]\npath = \"shots/{them}/{story}.png\"\n");
    baseline_brace_is_unmatched: with("[baselines]\npath = \"shots/{story.png\"\n");
    baseline_leads_out_of_the_folder: with("[baselines]\npath = \"../shots/{story}.png\"\n");
    baseline_is_not_png: with("[baselines]\npath = \"shots/{story}.jpg\"\n");
    story_without_path: with("[[story]]\nid = \"button\"\n");
    story_page_does_not_exist: with("[[story]]\npath = \"buton.html\"\n");
    story_path_leads_out_of_the_folder: with("[[story]]\nid = \"x\"\npath = \"../stories.toml\"\n");
    story_id_has_invalid_characters: with("[[story]]\nid = \"my button\"\npath = \"button.html\"\n");
    story_id_has_a_reserved_suffix: with("[[story]]\nid = \"button@2x\"\npath = \"button.html\"\n");
    story_id_is_used_twice: with("[[story]]\npath = \"button.html\"\n\n[[story]]\nid = \"button\"\npath = \"card.html\"\n");
    path_and_glob_are_combined: with("[[story]]\npath = \"button.html\"\nglob = \"*.html\"\n");
    id_and_glob_are_combined: with("[[story]]\nid = \"all\"\nglob = \"*.html\"\n");
    glob_matches_nothing: with("[[story]]\nglob = \"widgets/*.html\"\n");
    glob_is_invalid: with("[[story]]\nglob = \"[a\"\n");
    glob_without_dir: "[stories]\nurl = \"http://127.0.0.1:3000\"\n[[story]]\nglob = \"*\"\n";
    unknown_theme: with("[themes]\nlight = {}\ndark = {}\n[[story]]\npath = \"button.html\"\nthemes = [\"drak\"]\n");
    unknown_viewport: with("[viewports]\nphone = \"375x667\"\n[[story]]\npath = \"button.html\"\nviewports = [\"phnoe\", \"800x600\"]\n");
    story_browser_is_not_in_the_suite: with("[[story]]\npath = \"button.html\"\nbrowsers = [\"webkit\"]\n");
    skip_without_reason: with("[[story]]\npath = \"button.html\"\nskip = true\n");
    scale_and_scales_are_combined: with("[[story]]\npath = \"button.html\"\nscale = 2\nscales = [1, 2]\n");
    story_themes_are_empty: with("[[story]]\npath = \"button.html\"\nthemes = []\n");
    step_without_action: with("[[story]]\npath = \"button.html\"\nsteps = [{ click = \"a\" }, {}]\n");
    step_with_two_actions: with("[[story]]\npath = \"button.html\"\nsteps = [{ click = \"a\", hover = \"b\" }]\n");
    step_with_an_unknown_action: with("[[story]]\npath = \"button.html\"\nsteps = [{ clik = \"a\" }]\n");
    step_presses_an_unknown_key: with("[[story]]\npath = \"button.html\"\nsteps = [{ press = \"Shift+Tabb\" }]\n");
    step_is_incomplete: with("[[story]]\npath = \"button.html\"\nsteps = [{ type = { into = \"input\" } }, { select = \"a\" }, \"click\"]\n");
    step_name_is_invalid: with("[[story]]\npath = \"button.html\"\nsteps = [{ click = \"a\", snapshot = \"wide open\" }]\n");
    step_name_conflicts_with_a_story: with("[[story]]\npath = \"button.html\"\nsteps = [{ click = \"a\", snapshot = \"open\" }]\n\n[[story]]\nid = \"button-open\"\npath = \"card.html\"\n");
    login_without_method: with("[login.admin]\npath = \"/login\"\n");
    login_with_two_methods: with("[login.admin]\npath = \"/login\"\nsteps = []\ncommand = \"./login.sh\"\nttl = \"1 day\"\n");
    login_is_undefined: with("login = \"admin\"\n");
    login_is_unknown: with("[login.admin]\ncommand = \"./login.sh\"\n[[story]]\npath = \"button.html\"\nlogin = \"amdin\"\n");
    login_step_has_a_snapshot_name: with("[login.admin]\npath = \"/login\"\nsteps = [{ click = \"a\", snapshot = \"open\" }]\nexpired = { url = \"/login\" }\n");
    login_is_not_a_section: "login = \"admin\"\n[stories]\ndir = \"stories\"\n";
    known_failure_without_reason: with("[[story]]\npath = \"button.html\"\nknown-failure = true\n\n[[story]]\npath = \"card.html\"\nknown-failure = { browsers = [\"firefx\"], platforms = [\"mac\"] }\n");
    compare_for_an_unknown_platform: with("[compare.macintosh]\nthreshold = 0.2\n[compare.windows]\nthreshold = 2\n");
    device_values_are_invalid: with("[device]\nlocale = \"german\"\nreduced-motion = \"reduce\"\nmedia = \"paper\"\n[themes]\nstrong = { contrast = \"high\" }\n[viewports]\nphone = { width = 1, height = 1, touch = \"yes\" }\n");
    network_is_an_unknown_word: with("[capture]\nnetwork = \"of\"\n");
    request_without_action: with("[[request]]\n\n[[request]]\nurl = \"**/users\"\n");
    request_with_conflicting_actions: with("[[request]]\nurl = \"**\"\nblock = true\nstatus = 404\n\n[[request]]\nurl = \"**\"\njson = []\ntext = \"a\"\n");
    request_patterns_are_invalid: with("[[request]]\nurl = \"api/users\"\nblock = true\n\n[[request]]\nurl = \"**/[a\"\nblock = true\n\n[[request]]\nurl = \"ws://*/**\"\nblock = true\n");
    request_rules_for_https: with("[[request]]\nurl = \"https://api.test/users\"\njson = []\n\n[[request]]\nurl = \"https://api.test/users\"\nblock = true\n\n[[request]]\nurl = \"https://fonts.test/**\"\nblock = true\n");
    request_response_is_invalid: with("[[story]]\npath = \"button.html\"\n[[story.request]]\nurl = \"**/a\"\nmethod = \"get\"\nfile = \"mocks/a.json\"\nstatus = 99\ndelay = \"soon\"\nheaders = { \"x a\" = \"b\" }\n");
    request_headers_without_response: with("[[request]]\nurl = \"**\"\nheaders = { x-a = \"b\" }\ndelays = \"1s\"\n");
    request_rules_with_an_https_server: "[stories]\nurl = \"https://127.0.0.1:3000\"\n[[request]]\nurl = \"**/a\"\njson = []\n[[story]]\npath = \"/a\"\n";
    toml_syntax_error: with("[browser\nnames = [\"chromium\"]\n");
    duplicate_key: with("dir = \"pages\"\n");
    all_errors_are_reported_at_once: with("[browser]\nname = [\"chromium\"]\n\n[compare]\nthreshold = 2\n\n[[story]]\npath = \"gone.html\"\nthemes = [\"dark\"]\n");
}

#[test]
fn a_missing_manifest_has_a_help_text() {
    let error = Manifest::load("/nowhere/stories.toml".as_ref(), &Config::default()).unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn without_stories_every_page_is_one() {
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
fn steps_with_names_are_stories_of_their_own() {
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
fn stories_are_visited_as_somebody() {
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
fn tolerances_are_those_of_engine_and_system() {
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
fn failures_are_known_somewhere() {
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
fn a_story_beats_its_theme_and_a_theme_the_suite() {
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
    let words = ["locale", "timezone", "reduced-motion", "contrast", "media"];
    assert_eq!(device.words(), words);
    assert!(snapshot.screen.mobile && snapshot.screen.touch);
    let name = snapshot.identifier.test_name();
    assert_eq!(name, "button::strong::375x667", "names do not tell devices");
}

#[test]
fn a_url_names_its_stories() {
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
fn our_own_manifest_is_without_errors() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("stories.toml");
    let manifest = Manifest::load(&path, &Config::default()).unwrap();
    assert!(manifest.stories.len() >= 20);
}

#[test]
fn the_stories_of_a_storybook_are_those_that_are_wanted() {
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
fn baselines_from_another_environment_have_tolerances_of_their_own() {
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
fn a_story_overrides_how_it_is_captured() {
    let manifest = Project::new()
        .parse(
            "[stories]\ndir = \"stories\"\n[capture]\nseed = 7\npage-errors = \"fail\"\n\
             page-time = \"2s\"\ntarget = \"page\"\n\
             [[story]]\npath = \"button.html\"\ncapture = { seed = false, virtual-time = false, \
             scroll-through = false }\n\
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
}
