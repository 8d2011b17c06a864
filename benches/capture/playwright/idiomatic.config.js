// As Playwright's documentation shows it: a project for each theme and
// viewport, a test for each story, a fresh page for each test.
const { defineConfig } = require('@playwright/test');
const shared = require('./shared');
const { themes, viewports } = require('./workload.json');

module.exports = defineConfig({
  ...shared,
  testMatch: 'idiomatic.spec.js',
  snapshotPathTemplate: 'idiomatic/{projectName}/{arg}{ext}',
  projects: themes.flatMap((theme) =>
    viewports.map(({ name, width, height }) => ({
      name: `${theme}-${name}`,
      use: { viewport: { width, height }, colorScheme: theme },
    })),
  ),
});
