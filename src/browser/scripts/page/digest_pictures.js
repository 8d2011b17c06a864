// Content of images and canvases for the layout digest: a hash of the pixels, because
// a picture can change without its address. That of a reduced copy has a mark.
const MAX_HASHED_PIXELS = 1 << 20;
const createElement = Document.prototype.createElement.bind(document);

let digestContext;
function pictureHash(element) {
  const name = getLocalName(element);
  if (name !== 'img' && name !== 'canvas') return '';
  const fullWidth = name === 'img' ? element.naturalWidth : element.width;
  const fullHeight = name === 'img' ? element.naturalHeight : element.height;
  const scale = Math.min(1, Math.sqrt(MAX_HASHED_PIXELS / (fullWidth * fullHeight || 1)));
  const width = Math.max(1, Math.floor(fullWidth * scale));
  const height = Math.max(1, Math.floor(fullHeight * scale));
  try {
    digestContext ??= createElement('canvas').getContext('2d', { willReadFrequently: true });
    // Also clears it.
    digestContext.canvas.width = width;
    digestContext.canvas.height = height;
    digestContext.drawImage(element, 0, 0, width, height);
    const { data } = digestContext.getImageData(0, 0, width, height);
    const pixels = new window.Uint32Array(data.buffer);
    let hash = 0x811c9dc5;
    let check = 0;
    for (let index = 0; index < pixels.length; index += 1) {
      hash = Math.imul(hash ^ pixels[index], 0x01000193);
      hash ^= hash >>> 15;
      check = (Math.imul(check, 31) + pixels[index]) | 0;
    }
    const text = (number) => (number >>> 0).toString(16);
    return `${scale < 1 ? '~' : ''}${text(hash)}${text(check)}`;
  } catch {
    // It is of another origin, or empty. A context that has drawn such an image
    // cannot be read again.
    digestContext = null;
    return '';
  }
}
