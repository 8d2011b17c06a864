//! The messages of invalid manifests.

use super::{Project, in_storybook, with};
use crate::config::Config;
use crate::manifest::Manifest;

/// Snapshots the message of each invalid manifest under its name.
macro_rules! invalid {
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

invalid! {
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
    image_without_digest: with("[browser]\nimage = \"debian:13\"\n");
    image_cannot_be_an_option: with(&format!("[browser]\nimage = \"--privileged@sha256:{}\"\n", "0".repeat(64)));
    image_with_what_it_excludes: with(&format!(
        "[browser]\nimage = \"sha256:{}\"\nwebdriver = \"http://grid:4444\"\nnames = [\"webkit\"]\n",
        "0".repeat(64)
    ));
    container_without_image: with("[browser]\ncontainer = \"podman\"\n");
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
    allowed_hosts_are_invalid: with("[capture]\nallow-hosts = [\"127.0.0.1\", \"http://127.0.0.1:4000\", \"a:b\", 4000, \"localhost:4000\"]\n");
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
    after_names_an_unknown_story: with("[[story]]\npath = \"button.html\"\n\n[[story]]\npath = \"card.html\"\nafter = [\"buton\", \"login\"]\n");
    after_names_a_story_twice: with("[[story]]\npath = \"button.html\"\n\n[[story]]\npath = \"card.html\"\nafter = [\"button\", \"button\"]\n");
    after_names_the_story_itself: with("[[story]]\nglob = \"*.html\"\nafter = [\"card\"]\n");
    after_forms_a_cycle: with("[[story]]\npath = \"button.html\"\nafter = [\"forms/field\"]\n\n[[story]]\npath = \"card.html\"\nafter = [\"button\"]\n\n[[story]]\npath = \"forms/field.html\"\nafter = [\"card\"]\n");
    after_is_no_array: with("[[story]]\npath = \"button.html\"\nafter = \"card\"\n");
    lock_is_invalid: with("lock = { slots = 2 }\n[[story]]\npath = \"button.html\"\nlock = \"our staging\"\n[[story]]\npath = \"card.html\"\nlock = { name = \"staging\", slots = 0 }\n[[story]]\npath = \"forms/field.html\"\nlock = true\n");
    sync_points_are_invalid: with("[login.admin]\npath = \"/login\"\nsteps = [{ sync = \"in\" }]\n[[story]]\npath = \"button.html\"\nsteps = [{ sync = \"a b\" }, { sync = \"paid\" }, { sync = \"paid\" }, { sync = \"x\", click = \"a\" }]\n");
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
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("a_missing_manifest_has_a_help_text", error);
    });
}
