use super::bench::settle;

#[test]
fn a_theme_that_the_page_replaces_is_applied_again() {
    settle(
        "document.documentElement.dataset.theme = 'light'",
        "wait-for = { expression = \"document.documentElement.dataset.theme == 'dark'\" }",
    );
}
