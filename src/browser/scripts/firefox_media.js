// Runs in the browser's own window: overrides medium and media features of the
// open tab.
((overrides) => {
  Object.assign(gBrowser.selectedBrowser.browsingContext, overrides);
  return true;
})
