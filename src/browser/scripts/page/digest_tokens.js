// Custom properties for the layout digest: the elements for which a rule or their
// own style sets some, and the values there.
function customProperties(root) {
  const found = new Map();
  for (const sheet of [...root.styleSheets, ...getAdoptedSheets(root)]) {
    try {
      customPropertiesOf(sheet.cssRules, root, found);
    } catch {
      // The sheet is of another origin.
    }
  }
  for (const element of queryAll(root, '[style*="--"]')) noteCustom(found, element, element.style);
  return found;
}

function customPropertiesOf(rules, root, found) {
  for (const rule of rules) {
    const { style, selectorText } = rule;
    if (style && selectorText && hasCustom(style)) {
      const { host } = root;
      if (host && selectorText.includes(':host')) noteCustom(found, host, style);
      for (const element of matchingElements(root, selectorText)) noteCustom(found, element, style);
    }
    if (rule.cssRules) customPropertiesOf(rule.cssRules, root, found);
    if (rule.styleSheet) customPropertiesOf(rule.styleSheet.cssRules, root, found);
  }
}

function hasCustom(style) {
  for (let index = 0; index < style.length; index += 1) {
    if (style[index].startsWith('--')) return true;
  }
  return false;
}

// A nested rule's selector may be relative to another one.
function matchingElements(root, selector) {
  try {
    return queryAll(root, selector);
  } catch {
    return [];
  }
}

function noteCustom(found, element, style) {
  if (!found.has(element)) found.set(element, new Set());
  const names = found.get(element);
  for (const name of style) if (name.startsWith('--')) names.add(name);
}

// `--name: value` of an element, sorted by name.
function customValues(element, style, found) {
  const names = Array.from(found.get(element) ?? []).sort();
  return names.map((name) => `${name}\n${digestText(style.getPropertyValue(name).trim())}`);
}
