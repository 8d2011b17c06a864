// The layout digest: the painted elements of the page with their boxes and styles,
// for explaining differences between two captures.
const MAX_DIGEST_ELEMENTS = 6000;
const MAX_DIGEST_TEXT = 160;
const UNPAINTED = new Set([
  'script', 'style', 'head', 'link', 'meta', 'title', 'template', 'noscript', 'base', 'source',
  'track', 'param',
]);
const DIGEST_ATTRIBUTES = new Set([
  'type', 'checked', 'disabled', 'open', 'dir', 'lang', 'colspan', 'rowspan', 'rows', 'cols', 'size',
  'start', 'reversed', 'multiple', 'selected', 'hidden', 'inert', 'src', 'srcset', 'poster', 'width',
  'height', 'min', 'max', 'low', 'high', 'optimum', 'slot', 'part', 'aria-expanded',
  'aria-selected', 'aria-checked', 'aria-disabled', 'aria-pressed', 'aria-current', 'aria-invalid',
  'aria-busy', 'aria-sort', 'contenteditable', 'align', 'valign', 'bgcolor', 'border',
]);
const SVG = 'http://www.w3.org/2000/svg';
const getNamespace = getter(Element.prototype, 'namespaceURI');
const getAttributeNames = uncurry(Element.prototype.getAttributeNames);

// Where the captured image begins, in CSS pixels of the page.
function digestOrigin(target, padding) {
  if (target === 'viewport') return { x: getScrollX(), y: getScrollY() };
  const page = pageExtent();
  if (target === 'page') return { x: Math.floor(page.x), y: Math.floor(page.y) };
  const element = findFirst(target.element);
  if (!element) return null;
  const visible = visibleArea(element);
  const isWhole = !visible || cuttingScroller(element, visible);
  const area = isWhole ? toArea(getRect(element)) : visible;
  const { x, y } = toPage(!isWhole && isSnapped(element) ? snapped(area) : area);
  const around = isWhole ? 0 : padding;
  return { x: Math.floor(Math.max(x - around, page.x)), y: Math.floor(Math.max(y - around, page.y)) };
}

function layoutDigest(target, padding, scale) {
  const origin = digestOrigin(target, padding);
  if (!origin) return null;
  const digest = { values: new Map(), styles: new Map(), elements: [], nodes: [] };
  const place = {
    left: getScrollX() - origin.x, top: getScrollY() - origin.y, scaleX: scale, scaleY: scale,
  };
  collectDigest(digest, -1, place);
  digestedNodes = digest.nodes;
  return serialize({
    version: 1,
    properties: digestNames,
    values: Array.from(digest.values.keys()),
    styles: Array.from(digest.styles.keys()),
    elements: digest.elements,
    fonts: digestFonts(),
  });
}

// Adds this document below an element of the digest. A frame's document is added
// by its own library.
function collectDigest(digest, parent, place) {
  const hosts = new Map();
  const custom = new Map();
  for (const root of findRoots()) {
    if (root.host) hosts.set(root.host, root);
    for (const [element, names] of customProperties(root)) {
      custom.set(element, new Set([...(custom.get(element) ?? []), ...names]));
    }
  }
  const context = { digest, place, hosts, custom };
  digestElement(context, getRootElement(), parent, null, 1);
}

// The children of an element as they are laid out, also in closed shadow roots.
function paintedChildren(element, hosts) {
  const slotted = getLocalName(element) === 'slot' ? element.assignedNodes({ flatten: true }) : [];
  if (slotted.length > 0) return slotted;
  return Array.from((hosts.get(element) ?? getShadowRoot(element) ?? element).childNodes);
}

function digestElement(context, element, parent, parentStyle, ordinal) {
  const { digest, hosts, custom } = context;
  const name = getLocalName(element);
  if (UNPAINTED.has(name) || digest.elements.length >= MAX_DIGEST_ELEMENTS) return;
  const style = getComputedStyle(element);
  if (style.display === 'none') return;
  const children = paintedChildren(element, hosts);
  const index = digest.elements.length;
  const number = digestStyle(digest, element, style, parentStyle, kindOf(element, name));
  digest.nodes.push({ element, pseudo: '' });
  digest.elements.push([
    parent, name, ordinal, getId(element), classText(element), roleOf(element), labelOf(element),
    textOf(element, name, children), ...boxOf(context, element), number,
    digestAttributes(element, name), pictureHash(element),
    customValues(element, style, custom).join('\n'),
  ]);
  for (const pseudo of ['::before', '::after', '::placeholder', '::marker']) {
    digestPseudo(context, element, name, index, style, pseudo);
  }
  const ordinals = new Map();
  for (const child of children) {
    if (!isElement(child)) continue;
    const tag = getLocalName(child);
    ordinals.set(tag, (ordinals.get(tag) ?? 0) + 1);
    digestElement(context, child, index, style, ordinals.get(tag));
  }
  if (/^(iframe|frame|object|embed)$/.test(name)) digestFrame(context, element, index);
}

function digestPseudo(context, element, name, index, hostStyle, pseudo) {
  const isField = name === 'input' || name === 'textarea';
  if (pseudo === '::placeholder' && !(isField && element.placeholder && !element.value)) return;
  if (pseudo === '::marker' && hostStyle.display !== 'list-item') return;
  const style = getComputedStyle(element, pseudo);
  const { content } = style;
  if (/before|after/.test(pseudo) && /^(none|normal|-moz-alt-content|)$/.test(content)) return;
  const number = digestStyle(context.digest, null, style, hostStyle, 'pseudo');
  const text = pseudo === '::placeholder' ? element.placeholder : content.replace(/^normal$/, '');
  context.digest.nodes.push({ element, pseudo });
  context.digest.elements.push([
    index, pseudo, 1, '', '', '', '', digestText(text, MAX_DIGEST_TEXT), ...boxOf(context, element),
    number, '', '', '',
  ]);
}

// A frame that has no library, such as `srcdoc` in Firefox, is read from here.
function digestFrame(context, frame, index) {
  const { place } = context;
  const box = contentBox(frame);
  const inner = {
    left: box.left + place.left,
    top: box.top + place.top,
    scaleX: place.scaleX * box.scaleX,
    scaleY: place.scaleY * box.scaleY,
  };
  const document = frame.contentDocument;
  if (!document) return;
  const library = frame.contentWindow.__tintype;
  if (library?.isOf(document)) library.collectDigest(context.digest, index, inner);
  else digestElement({ ...context, place: inner }, document.documentElement, index, null, 1);
}

function kindOf(element, name) {
  if (getNamespace(element) === SVG) return 'vector';
  if (/^(img|canvas|video|object|embed|iframe)$/.test(name)) return 'replaced';
  return /^(ul|ol|menu)$/.test(name) ? 'list' : '';
}

// Left, top, width and height in pixels of the captured image.
function boxOf({ place }, element) {
  const { left, top, right, bottom } = getRect(element);
  const [x, y] = [(left + place.left) * place.scaleX, (top + place.top) * place.scaleY];
  const [endX, endY] = [(right + place.left) * place.scaleX, (bottom + place.top) * place.scaleY];
  const tenth = (number) => Math.round(number * 10) / 10;
  return [tenth(x), tenth(y), tenth(endX - x), tenth(endY - y)];
}

function classText(element) {
  return digestText(Array.from(getClassList(element) ?? []).join(' '), 200);
}

function roleOf(element) {
  return getAttribute(element, 'role') ?? '';
}

// What names an element for tests and people.
function labelOf(element) {
  for (const name of ['data-testid', 'data-test', 'data-cy', 'aria-label', 'name', 'alt']) {
    const value = getAttribute(element, name);
    if (value) return `${name}=${digestText(value, 80)}`;
  }
  return '';
}

function textOf(element, name, children) {
  const own = [];
  for (const child of children) if (child.nodeType === child.TEXT_NODE) own.push(child.data);
  let text = own.join(' ');
  if (name === 'input' || name === 'textarea') {
    text = element.type === 'password' ? '•'.repeat(element.value.length) : element.value;
  } else if (name === 'select') {
    text = Array.from(element.selectedOptions, (option) => option.text).join(' ');
  }
  return digestText(text.replace(/\s+/g, ' ').trim(), MAX_DIGEST_TEXT);
}

// `name` and value of the attributes that decide what is painted, in lines.
function digestAttributes(element, name) {
  const isVector = getNamespace(element) === SVG;
  const lines = [];
  for (const key of getAttributeNames(element).sort()) {
    const isKept = DIGEST_ATTRIBUTES.has(key) || (key.startsWith('data-') && !/test|cy$/.test(key))
      || (isVector && !/^(id|class|style|on.*|aria-.*)$/.test(key));
    if (isKept) lines.push(key, digestText(getAttribute(element, key), 60).replaceAll('\n', ' '));
  }
  if (element.scrollTop || element.scrollLeft) {
    lines.push('scroll', `${Math.round(element.scrollLeft)},${Math.round(element.scrollTop)}`);
  }
  if (name === 'input' && element.checked) lines.push('is-checked', 'true');
  if (name === 'progress' || name === 'meter') lines.push('value', String(element.value));
  return lines.join('\n');
}

// The web fonts that were used, and whether each could be loaded.
function digestFonts() {
  const used = Array.from(getFonts()).filter(({ status }) => status !== 'unloaded');
  return used.map(({ family, weight, style, status }) => `${family} ${weight} ${style}: ${status}`)
    .sort();
}
