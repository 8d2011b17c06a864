// Content of images and canvases for the layout digest: a hash of a small copy,
// because a picture can change without its address.
const DIGEST_PICTURE_SIDE = 64;
const createElement = Document.prototype.createElement.bind(document);

let digestContext;
function pictureHash(element) {
  const name = getLocalName(element);
  if (name !== 'img' && name !== 'canvas') return '';
  const side = DIGEST_PICTURE_SIDE;
  try {
    digestContext ??= createElement('canvas').getContext('2d', { willReadFrequently: true });
    digestContext.canvas.width = side;
    digestContext.canvas.height = side;
    digestContext.drawImage(element, 0, 0, side, side);
    const { data } = digestContext.getImageData(0, 0, side, side);
    let hash = 0x811c9dc5;
    for (let index = 0; index < data.length; index += 1) {
      hash = Math.imul(hash ^ data[index], 0x01000193);
    }
    return (hash >>> 0).toString(16);
  } catch {
    // It is of another origin, or empty. A context that has drawn such an image
    // cannot be read again.
    digestContext = null;
    return '';
  }
}
