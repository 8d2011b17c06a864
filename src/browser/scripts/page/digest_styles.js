// The computed properties of a layout digest. Groups that cannot affect an element
// are left out, so that it stays small and quick.
const digestProperties = {
  all: [
    'color', 'background-color', 'background-image', 'background-position', 'background-size',
    'background-repeat', 'background-clip', 'background-origin',
    ...['top', 'right', 'bottom', 'left'].flatMap((side) => (
      ['width', 'style', 'color'].map((part) => `border-${side}-${part}`)
    )),
    'border-top-left-radius', 'border-top-right-radius', 'border-bottom-right-radius',
    'border-bottom-left-radius', 'border-image-source', 'box-shadow', 'outline-width',
    'outline-style', 'outline-color', 'outline-offset', 'opacity', 'visibility', 'display',
    'position', 'float', 'clear', 'z-index', 'overflow-x', 'overflow-y', 'clip-path', 'mask-image',
    'filter', 'backdrop-filter', 'mix-blend-mode', 'transform', 'translate', 'rotate', 'scale',
    'zoom', 'font-family', 'font-size', 'font-weight', 'font-style', 'font-stretch',
    'font-variant-caps', 'font-variant-numeric', 'font-variant-ligatures', 'font-feature-settings',
    'letter-spacing', 'word-spacing', 'line-height', 'text-align', 'text-indent', 'text-transform',
    'text-decoration-line', 'text-decoration-color', 'text-decoration-style',
    'text-decoration-thickness', 'text-underline-offset', 'text-shadow', 'text-overflow',
    'white-space', 'word-break', 'overflow-wrap', 'hyphens', 'vertical-align', 'direction',
    'writing-mode', 'box-sizing', 'padding-top', 'padding-right', 'padding-bottom', 'padding-left',
    'min-width', 'min-height', 'max-width', 'max-height', 'accent-color', 'appearance',
    'column-count', 'column-width', 'aspect-ratio', '-webkit-text-fill-color',
  ],
  // Their used values depend on other elements; see `specifiedValue`.
  sizes: ['width', 'height', 'margin-top', 'margin-right', 'margin-bottom', 'margin-left'],
  placed: ['top', 'right', 'bottom', 'left'],
  container: [
    'flex-direction', 'flex-wrap', 'align-items', 'align-content', 'justify-content',
    'justify-items', 'row-gap', 'column-gap', 'grid-template-areas', 'grid-auto-flow',
  ],
  grid: ['grid-template-columns', 'grid-template-rows', 'grid-auto-columns', 'grid-auto-rows'],
  item: [
    'order', 'flex-grow', 'flex-shrink', 'flex-basis', 'align-self', 'justify-self',
    'grid-column-start', 'grid-column-end', 'grid-row-start', 'grid-row-end',
  ],
  list: ['list-style-type', 'list-style-position', 'list-style-image'],
  table: ['table-layout', 'border-collapse', 'border-spacing', 'caption-side', 'empty-cells'],
  replaced: ['object-fit', 'object-position', 'image-rendering'],
  vector: [
    'fill', 'fill-opacity', 'fill-rule', 'stroke', 'stroke-width', 'stroke-opacity',
    'stroke-dasharray', 'stroke-dashoffset', 'stroke-linecap', 'stroke-linejoin', 'stop-color',
    'stop-opacity', 'text-anchor', 'dominant-baseline', 'flood-color', 'flood-opacity', 'r', 'cx',
    'cy', 'rx', 'ry', 'x', 'y', 'd',
  ],
};
const digestNames = Object.values(digestProperties).flat();
const digestNumbers = new Map(digestNames.map((name, index) => [name, index]));
// The values of these are specified ones where the browser tells them.
const specifiedNames = new Set([
  ...digestProperties.sizes, ...digestProperties.placed, ...digestProperties.grid,
]);

const computedStyleMap = Element.prototype.computedStyleMap
  && uncurry(Element.prototype.computedStyleMap);

function digestGroups(style, parentStyle, kind) {
  const { display, position } = style;
  const groups = [digestProperties.all, digestProperties.sizes];
  if (position !== 'static') groups.push(digestProperties.placed);
  if (/flex|grid/.test(display)) groups.push(digestProperties.container);
  if (/grid/.test(display)) groups.push(digestProperties.grid);
  if (/flex|grid/.test(parentStyle?.display ?? '')) groups.push(digestProperties.item);
  if (/list-item/.test(display) || kind === 'list') groups.push(digestProperties.list);
  if (/table/.test(display)) groups.push(digestProperties.table);
  if (kind === 'replaced') groups.push(digestProperties.replaced);
  if (kind === 'vector') groups.push(digestProperties.vector);
  return groups;
}

// The specified value where the browser tells it; otherwise the used one, with a
// mark, since another element may have changed it.
function specifiedValue(specified, style, name) {
  const value = specified && specified.get(name);
  return value ? String(value) : `~${style.getPropertyValue(name)}`;
}

// The number of a style in the digest: `property:value` pairs of numbers that
// differ from the digest's first style.
function digestStyle(digest, element, style, parentStyle, kind) {
  const specified = element && computedStyleMap && computedStyleMap(element);
  const pairs = [];
  for (const group of digestGroups(style, parentStyle, kind)) {
    for (const name of group) {
      const value = specifiedNames.has(name)
        ? specifiedValue(specified, style, name) : style.getPropertyValue(name);
      if (value) pairs.push(`${digestNumbers.get(name)}:${intern(digest.values, digestText(value))}`);
    }
  }
  return intern(digest.styles, pairs.join(','));
}

// The number of a text in a map of texts.
function intern(map, text) {
  const known = map.get(text);
  if (known !== undefined) return known;
  map.set(text, map.size);
  return map.size - 1;
}

// A text without the page's own origin, whose port changes, and of limited
// length; what is cut off is hashed.
function digestText(text, limit = 120) {
  const local = text.replaceAll(`${location.origin}/`, '/');
  return local.length <= limit ? local : `${local.slice(0, limit)}…${digestHash(local)}`;
}

// FNV-1a of 32 bits, in hexadecimal.
function digestHash(text) {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16);
}
