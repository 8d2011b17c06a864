// The document and all shadow roots below it. Closed shadow roots cannot be
// found later, so they are recorded when they are attached.
const closedRoots = new Set();
const originalAttachShadow = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (init) {
  const root = Reflect.apply(originalAttachShadow, this, [init]);
  if (init?.mode === 'closed') closedRoots.add(new WeakRef(root));
  return root;
};

function findRoots() {
  const found = [document];
  for (const root of found) {
    for (const element of queryNodes(root, '*')) {
      const shadowRoot = getShadowRoot(element);
      if (shadowRoot) found.push(shadowRoot);
    }
  }
  for (const reference of closedRoots) {
    const root = reference.deref();
    if (root?.isConnected) found.push(root);
  }
  return found;
}

// The first element that matches, in the document or in a shadow root.
function findFirst(selector) {
  for (const root of findRoots()) {
    const element = query(root, selector);
    if (element) return element;
  }
  return undefined;
}

// An element's name for messages: `button#save`, `div.card`.
function describe(element) {
  const id = getId(element) ? `#${getId(element)}` : '';
  const classes = [...(getClassList(element) ?? [])].map((name) => `.${name}`).join('');
  return `${getLocalName(element)}${id || classes}`;
}

function adoptStyleSheet(root, sheet) {
  const adopted = getAdoptedSheets(root);
  if (!adopted.includes(sheet)) setAdoptedSheets(root, [...adopted, sheet]);
}
