const { test, expect } = require('@playwright/test');
const { stories } = require('./workload.json');

for (const { id, path } of stories) {
  test(id, async ({ page }) => {
    await page.goto(path);
    await expect(page).toHaveScreenshot(`${id}.png`);
  });
}
