// Runs in the browser's own window: changes a preference.
((name, value) => {
  Services.prefs.setIntPref(name, value);
  return true;
})
