// Attributes and classes of a theme on the root element.
let appliedTheme = null;

function removeTheme(root) {
  for (const [key, value] of Object.entries(appliedTheme.attributes)) {
    if (value === null) removeAttribute(root, key);
    else setAttribute(root, key, value);
  }
  getClassList(root).remove(...appliedTheme.classes);
  appliedTheme = null;
}

// Applies a theme and removes the one before. Steps may have changed the
// attributes: with `onlyNewDocuments`, a document that has a theme keeps it.
function applyTheme(theme, onlyNewDocuments = false) {
  const root = getRootElement();
  if (onlyNewDocuments && appliedTheme) return;
  if (appliedTheme) removeTheme(root);
  const classes = theme.classes.filter((name) => !getClassList(root).contains(name));
  appliedTheme = { attributes: {}, classes };
  for (const [key, value] of Object.entries(theme.attributes)) {
    appliedTheme.attributes[key] = getAttribute(root, key);
    setAttribute(root, key, value);
  }
  getClassList(root).add(...classes);
  themeToKeep = theme;
}

// Applies the theme again where the page has replaced it, as scripts do that
// set their own theme at start. It stops after a few attempts.
let themeToKeep = null;
let themeRepairs = 10;
function keepTheme() {
  const root = getRootElement();
  if (!themeToKeep || !root || themeRepairs === 0) return;
  const { attributes, classes } = themeToKeep;
  const isKept = Object.entries(attributes)
    .every(([key, value]) => getAttribute(root, key) === value)
    && classes.every((name) => getClassList(root).contains(name));
  if (isKept) return;
  themeRepairs -= 1;
  for (const [key, value] of Object.entries(attributes)) setAttribute(root, key, value);
  getClassList(root).add(...classes);
}
