const { test: base, expect } = require('@playwright/test');
const shared = require('./shared');
const { stories, themes, viewports } = require('./workload.json');

const test = base.extend({
  kept: [
    async ({ browser }, use) => {
      const context = await browser.newContext({ baseURL: shared.use.baseURL });
      await use(await context.newPage());
      await context.close();
    },
    { scope: 'worker' },
  ],
});

for (const { id, path } of stories) {
  test(id, async ({ kept: page }) => {
    let loaded = false;
    for (const { name, width, height } of viewports) {
      await page.setViewportSize({ width, height });
      for (const theme of themes) {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
        if (!loaded) await page.goto(path);
        loaded = true;
        await expect(page).toHaveScreenshot(`${id}-${theme}-${name}.png`);
      }
    }
  });
}
