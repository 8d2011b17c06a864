// The rules that declare changed properties of elements in the last layout digest.
let digestedNodes = [];

// For each element and property the selector and the file of the rule, or null.
function declaringRules(requests) {
  return requests.map(([index, property]) => {
    const node = digestedNodes[index];
    try {
      return node ? declaringRule(node, property) : null;
    } catch {
      // A sheet of another origin cannot be read.
      return null;
    }
  });
}

function declaringRule({ element, pseudo }, property) {
  if (!pseudo && element.style?.getPropertyValue(property)) return null;
  const root = element.getRootNode();
  const names = declaringNames(property);
  let best = null;
  const visit = (rules, sheet) => {
    for (const rule of rules) {
      const { selectorText: selector, style, media } = rule;
      if (media?.mediaText && !matchMedia(media.mediaText).matches) continue;
      const declared = style && selector && names.find((name) => style.getPropertyValue(name));
      const specificity = declared ? matchingSpecificity(element, pseudo, selector) : -1;
      const isImportant = declared && style.getPropertyPriority(declared) === 'important';
      const weight = specificity + (isImportant ? 1e9 : 0);
      if (specificity >= 0 && weight >= (best?.weight ?? 0)) {
        best = { weight, selector, file: sheetAddress(sheet) };
      }
      if (rule.styleSheet) visit(rule.styleSheet.cssRules, rule.styleSheet);
      else if (rule.cssRules) visit(rule.cssRules, sheet);
    }
  };
  for (const sheet of [...root.styleSheets, ...(root.adoptedStyleSheets ?? [])]) {
    visit(sheet.cssRules, sheet);
  }
  return best && { selector: best.selector, file: best.file };
}

// How properties of elements can be declared, for looking their rules up.
function digestedDeclarations(requests) {
  return requests.map(([index, property]) => ({
    pseudo: digestedNodes[index]?.pseudo ?? '', names: declaringNames(property),
  }));
}

function digestedElement(index) {
  return digestedNodes[index]?.element ?? null;
}

// A property and the shorthands that can declare it.
function declaringNames(property) {
  const names = [property];
  if (property.startsWith('--')) return names;
  const parts = property.split('-');
  for (let count = parts.length - 1; count > 0; count -= 1) names.push(parts.slice(0, count).join('-'));
  if (property === 'line-height') names.push('font');
  if (property.endsWith('-gap')) names.push('gap');
  if (/^(top|right|bottom|left)$/.test(property)) names.push('inset');
  return names;
}

// The specificity of the most specific selector of a list that matches, or -1.
function matchingSpecificity(element, pseudo, list) {
  let most = -1;
  for (const selector of list.split(/,(?![^(]*\))/)) {
    let plain = selector.trim();
    if (plain.includes('&')) continue;
    if (pseudo) {
      if (!plain.replace(/([^:]):(before|after)$/, '$1::$2').endsWith(pseudo)) continue;
      plain = plain.replace(/::?[\w-]+$/, '') || '*';
    }
    if (!matches(element, plain)) continue;
    const count = (pattern) => (plain.match(pattern) ?? []).length;
    const types = count(/(^|[\s>+~])[a-z]/gi);
    most = Math.max(most, count(/#/g) * 10000 + count(/[.[]|[^:]:[a-z]/g) * 100 + types);
  }
  return most;
}

// The path of a sheet's file, or of the page that has it.
function sheetAddress(sheet) {
  const address = sheet.href ?? sheet.ownerNode?.ownerDocument?.location?.href ?? '';
  return address.startsWith(`${location.origin}/`)
    ? address.slice(location.origin.length).replace(/[?#].*$/, '') : '';
}
