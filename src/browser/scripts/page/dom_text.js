// The page as text, for a person who looks into a failure: the text as it is shown,
// and the document with its shadow roots and its frames of the same origin.
const MAX_DOM_TEXT = 4_000_000;
const MAX_DOM_DEPTH = 600;
const getFirstChild = getter(Node.prototype, 'firstChild');
const getNextSibling = getter(Node.prototype, 'nextSibling');
const getNodeValue = getter(Node.prototype, 'nodeValue');
const getInnerText = getter(window.HTMLElement.prototype, 'innerText');
const getShadowHost = getter(ShadowRoot.prototype, 'host');
const getShadowMode = getter(ShadowRoot.prototype, 'mode');
const VOID_ELEMENTS = ['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr'];

const escapeText = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

// The start tag, without the value of a password.
function startTag(element) {
  const isSecret = getLocalName(element) === 'input' && getAttribute(element, 'type') === 'password';
  const attributes = getAttributeNames(element).map((name) => {
    const value = isSecret && name === 'value' ? '***' : getAttribute(element, name) ?? '';
    return ` ${name}="${escapeText(value).replaceAll('"', '&quot;')}"`;
  });
  return `<${getLocalName(element)}${attributes.join('')}>`;
}

function frameHtml(element) {
  try {
    const inner = element.contentWindow;
    if (inner?.__tintype?.isOf(inner.document)) return inner.__tintype.documentHtml();
    return inner?.document?.documentElement?.outerHTML ?? '';
  } catch {
    return '<!-- a frame of another origin -->';
  }
}

function documentHtml() {
  const shadows = new Map();
  for (const root of findRoots()) if (root !== document) shadows.set(getShadowHost(root), root);
  const parts = [];
  let length = 0;
  const add = (text) => {
    parts.push(text);
    length += text.length;
  };
  const addChildren = (node, depth) => {
    for (let child = getFirstChild(node); child; child = getNextSibling(child)) addNode(child, depth + 1);
  };
  const addNode = (node, depth) => {
    if (length > MAX_DOM_TEXT || depth > MAX_DOM_DEPTH) return;
    const type = getNodeType(node);
    if (type === 3) add(escapeText(getNodeValue(node)));
    if (type !== 1) return;
    const name = getLocalName(node);
    add(startTag(node));
    const shadow = shadows.get(node);
    if (shadow) {
      add(`<template shadowrootmode="${getShadowMode(shadow)}">`);
      addChildren(shadow, depth);
      add('</template>');
    }
    if (name === 'iframe') add(frameHtml(node));
    else if (name !== 'script') addChildren(node, depth);
    if (!VOID_ELEMENTS.includes(name)) add(`</${name}>`);
  };
  addChildren(document, 0);
  return parts.join('').slice(0, MAX_DOM_TEXT);
}

function domText() {
  const body = getBody();
  const shown = body ? getInnerText(body).slice(0, MAX_DOM_TEXT) : '';
  return `# ${location.href}\n\n# Text\n\n${shown}\n\n# Document\n\n${documentHtml()}\n`;
}
