//! Suites of other tools, as their own examples have them, written small.

use serde_json::json;

use super::project::{Project, picture};

const INDEX: &str = r#"{"v":5,"entries":{
    "forms-button--primary":{"type":"story","id":"forms-button--primary","title":"Forms/Button","name":"Primary"},
    "forms-button--docs":{"type":"docs","id":"forms-button--docs","title":"Forms/Button","name":"Docs"}}}"#;

fn project(files: &[(&str, &str)], pictures: &[&str]) -> Project {
    let project = Project::empty();
    for (path, text) in files {
        project.write(path, text.as_bytes());
    }
    for path in pictures {
        project.write(path, &picture(1));
    }
    project
}

/// Converts the project in place; the manifest and what was said.
fn convert(project: &Project, tool: &str) -> String {
    let said = project.tintype(&["import-from", tool, "."]);
    assert!(said.ok, "{}", said.all());
    let list = project.tintype(&["list"]);
    assert!(list.ok, "{}", list.all());
    format!("{}\n=====\n{}", project.read("stories.toml"), said.out)
}

#[test]
fn playwright() {
    let project = project(
        &[
            ("package.json", r#"{ "type": "module" }"#),
            (
                "playwright.config.js",
                "import { defineConfig, devices } from '@playwright/test';
                export default defineConfig({
                  testDir: './tests',
                  use: { baseURL: 'http://127.0.0.1:3000' },
                  webServer: { command: 'npm run start', url: 'http://127.0.0.1:3000' },
                  expect: { toHaveScreenshot: { maxDiffPixels: 20 } },
                  projects: [
                    { name: 'chromium', use: { ...devices['Desktop Chrome'] } },
                    { name: 'firefox', use: { ...devices['Desktop Firefox'] } },
                  ],
                });",
            ),
            (
                "tests/landing.spec.js",
                "import { test, expect } from '@playwright/test';
                import { sizes } from './sizes';
                test.describe('landing', () => {
                  test.beforeEach(async ({ page }) => { await page.goto('/'); });
                  test('whole', async ({ page }) => {
                    console.log('not part of the answer');
                    await expect(page).toHaveTitle(/Shop/);
                    await expect(page).toHaveScreenshot('landing.png', {
                      fullPage: true, maxDiffPixelRatio: 0.01, mask: [page.locator('.ad')],
                    });
                  });
                  for (const size of sizes) test(`menu ${size.width}`, async ({ page }) => {
                    await page.setViewportSize(size);
                    await page.getByTestId('menu').click();
                    await page.getByRole('button', { name: 'Close' }).hover();
                    await expect(page.locator('nav')).toBeVisible();
                    await page.waitForTimeout(300);
                    await expect(page.locator('nav')).toHaveScreenshot();
                  });
                });
                test('title', async ({ page }) => { await page.goto('/'); });
                test.skip('later', async ({ page }) => { await expect(page).toHaveScreenshot(); });",
            ),
            ("tests/sizes.js", "export const sizes = [{ width: 375, height: 667 }];"),
        ],
        &[
            "tests/landing.spec.js-snapshots/landing-chromium-linux.png",
            "tests/landing.spec.js-snapshots/landing-firefox-linux.png",
            "tests/landing.spec.js-snapshots/landing-menu-375-1-chromium-linux.png",
        ],
    );
    insta::assert_snapshot!(convert(&project, "playwright"));
    for baseline in [
        "landing-light-1280x720",
        "landing@firefox-light-1280x720",
        "landing/menu-375-light-375x667",
    ] {
        assert!(
            project.has(&format!("baselines/{baseline}.png")),
            "{baseline}"
        );
    }
}

#[test]
fn backstop() {
    let config = json!({
        "id": "shop",
        "viewports": [{ "label": "phone", "width": 320, "height": 480 }, { "label": "big tablet", "width": 1024, "height": 768 }],
        "onBeforeScript": "puppet/onBefore.js",
        "scenarios": [
            {
                "label": "Home page/all", "url": "http://localhost:8080/index.html?a=1", "readySelector": "#ready", "delay": 500,
                "hideSelectors": [".clock"], "removeSelectors": [".ad"], "hoverSelector": "nav", "clickSelectors": ["#menu", "#more"],
                "keyPressSelectors": [{ "selector": "#search", "keyPress": "shoes" }], "postInteractionWait": 200,
                "misMatchThreshold": 0.5, "cookiePath": "cookies.json"
            },
            { "label": "Parts", "url": "http://localhost:8080/parts.html", "selectors": ["header", "viewport"], "viewports": [{ "label": "wide", "width": 1600, "height": 900 }] },
            { "label": "Elsewhere", "url": "https://example.org/" }
        ],
        "paths": { "bitmaps_reference": "backstop_data/bitmaps_reference" },
        "engine": "puppeteer"
    });
    let project = project(
        &[("backstop.json", &config.to_string())],
        &[
            "backstop_data/bitmaps_reference/shop_Home_page_all_0_document_0_phone.png",
            "backstop_data/bitmaps_reference/shop_Home_page_all_0_document_1_big_tablet.png",
            "backstop_data/bitmaps_reference/shop_Parts_0_header_0_wide.png",
        ],
    );
    insta::assert_snapshot!(convert(&project, "backstop"));
    for baseline in [
        "home-page/all-light-320x480",
        "home-page/all-light-1024x768",
        "parts-header-light-1600x900",
    ] {
        assert!(
            project.has(&format!("baselines/{baseline}.png")),
            "{baseline}"
        );
    }
}

#[test]
fn loki() {
    let package = json!({
        "loki": {
            "chromeSelector": "#storybook-root > *",
            "reactUri": "file:./storybook-static",
            "configurations": {
                "chrome.laptop": { "target": "chrome.docker", "width": 1366, "height": 768 },
                "chrome.iphone7": { "target": "chrome.docker", "preset": "iPhone 7" },
                "ios": { "target": "ios.simulator" }
            }
        }
    });
    let project = project(
        &[
            ("package.json", &package.to_string()),
            ("storybook-static/index.json", INDEX),
        ],
        &[
            ".loki/reference/chrome_laptop_Forms_Button_Primary.png",
            ".loki/reference/chrome_iphone7_Forms_Button_Primary.png",
        ],
    );
    insta::assert_snapshot!(convert(&project, "loki"));
    assert!(project.has("baselines/forms-button--primary-light-1366x768.png"));
    assert!(project.has("baselines/forms-button--primary@2x-light-375x667.png"));
}

#[test]
fn lost_pixel() {
    let project = project(
        &[(
            "lostpixel.config.js",
            "module.exports = { config: {
              pageShots: {
                baseUrl: 'http://172.17.0.1:3000',
                pages: [
                  { path: '/', name: 'landing' },
                  { path: '/blog', name: 'blog', breakpoints: [800, 1400], threshold: 0.02, mask: [{ selector: '.date' }] },
                ],
              },
              threshold: 50, waitBeforeScreenshot: 2000, generateOnly: true, imageDiffOptions: {},
            } };",
        )],
        &[
            ".lostpixel/baseline/landing.png",
            ".lostpixel/baseline/blog__[w800px].png",
        ],
    );
    insta::assert_snapshot!("lost_pixel_pages", convert(&project, "lost-pixel"));
    assert!(project.has("baselines/landing-light-1280x720.png"));
    assert!(project.has("baselines/blog-light-800x720.png"));

    let project = self::project(
        &[
            (
                "lostpixel.config.mjs",
                "import 'lost-pixel'; export const config = { storybookShots: { storybookUrl: './storybook-static', breakpoints: [640] }, browser: 'firefox' };",
            ),
            ("storybook-static/index.json", INDEX),
        ],
        &[".lostpixel/baseline/forms-button--primary__[w640px].png"],
    );
    insta::assert_snapshot!("lost_pixel_storybook", convert(&project, "lost-pixel"));
    assert!(project.has("baselines/forms-button--primary-light-640x720.png"));
}

#[test]
fn storycap() {
    let package = json!({ "scripts": {
        "shots": "rimraf out && storycap http://localhost:6006 --serverCmd \"storybook dev -p 6006\" -V 800x600 -V 375x667 --delay 250 -o out --chromiumChannel stable"
    } });
    let reg = json!({
        "core": { "actualDir": "out", "matchingThreshold": 0.05, "thresholdRate": 0.001 },
        "plugins": { "reg-publish-s3-plugin": {} }
    });
    let project = project(
        &[
            ("package.json", &package.to_string()),
            ("regconfig.json", &reg.to_string()),
            ("storybook-static/index.json", INDEX),
        ],
        &[
            "out/Forms/Button/Primary_800x600.png",
            "out/Forms/Button/Primary_375x667.png",
        ],
    );
    insta::assert_snapshot!(convert(&project, "storycap"));
    assert!(project.has("baselines/forms-button--primary-light-375x667.png"));
}

#[test]
fn jest_image_snapshot() {
    let project = project(
        &[(
            "test/landing.test.js",
            "const puppeteer = require('puppeteer');
            const { toMatchImageSnapshot } = require('jest-image-snapshot');
            expect.extend({ toMatchImageSnapshot });
            describe('Landing page', () => {
              let page;
              beforeAll(async () => { page = await (await puppeteer.launch()).newPage(); });
              it('looks right in 2 sizes', async () => {
                await page.goto('http://localhost:3000/');
                expect(await page.screenshot({ fullPage: true })).toMatchImageSnapshot({
                  failureThreshold: 0.02, failureThresholdType: 'percent', customDiffConfig: { threshold: 0.1 },
                });
                await page.setViewport({ width: 375, height: 667 });
                await page.waitForSelector('#menu');
                const menu = await page.$('#menu');
                expect(await menu.screenshot()).toMatchImageSnapshot({ customSnapshotIdentifier: 'menu' });
              });
            });",
        )],
        &[
            "test/__image_snapshots__/landing-test-js-landing-page-looks-right-in-2-sizes-1-snap.png",
            "test/__image_snapshots__/menu.png",
        ],
    );
    insta::assert_snapshot!(convert(&project, "jest-image-snapshot"));
    assert!(project.has("baselines/menu-light-375x667.png"));
    assert!(project.has("baselines/landing-page/looks-right-in-2-sizes-light-800x600.png"));
}

#[test]
fn nothing_is_overwritten() {
    let project = project(&[("backstop.json", "{}"), ("stories.toml", "mine")], &[]);
    let said = project.tintype(&["import-from", "backstop", "."]);
    assert!(
        !said.ok && said.err.contains("has no scenarios"),
        "{}",
        said.all()
    );
    let scenario = json!({
        "scenarios": [{ "label": "a", "url": "http://a/" }],
        "viewports": [{ "label": "b", "width": 1, "height": 1 }]
    });
    project.write("backstop.json", scenario.to_string().as_bytes());
    let said = project.tintype(&["import-from", "backstop", "."]);
    assert!(!said.ok && said.err.contains("--force"), "{}", said.all());
    assert_eq!(project.read("stories.toml"), "mine");
    let said = project.tintype(&["import-from", "backstop", ".", "--dry-run", "--json"]);
    assert!(
        said.ok && said.out.contains("\"written\": false"),
        "{}",
        said.all()
    );
    assert_eq!(project.read("stories.toml"), "mine");
    assert!(
        project
            .tintype(&["import-from", "backstop", ".", "--force"])
            .ok
    );
    assert!(project.read("stories.toml").contains("url = \"http://a\""));
}

#[test]
fn a_configuration_that_fails_is_an_error() {
    let project = project(
        &[("lostpixel.config.mjs", "throw new Error('no key');")],
        &[],
    );
    let said = project.tintype(&["import-from", "lost-pixel", "."]);
    assert!(
        !said.ok
            && said
                .err
                .contains("failed to load lostpixel.config.mjs: no key"),
        "{}",
        said.all()
    );
    let said = project.tintype(&["import-from", "loki", "nowhere"]);
    assert!(
        !said.ok && said.err.contains("failed to find nowhere"),
        "{}",
        said.all()
    );
}
