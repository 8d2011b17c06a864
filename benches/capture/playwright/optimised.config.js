// As an expert would tune it: a page for each worker, one navigation for each
// story, themes and viewports by emulation.
const { defineConfig } = require('@playwright/test');
const shared = require('./shared');

module.exports = defineConfig({
  ...shared,
  testMatch: 'optimised.spec.js',
  snapshotPathTemplate: 'optimised/{arg}{ext}',
});
