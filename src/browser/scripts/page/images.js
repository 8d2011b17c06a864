// Images: lazy ones are loaded, too, and all are decoded before they are drawn.
function pendingImages(root) {
  const pending = [];
  for (const image of queryAll(root, 'img')) {
    if (image.loading === 'lazy') image.loading = 'eager';
    if (image.decoding !== 'sync') image.decoding = 'sync';
    if (image.complete) continue;
    pending.push({ step: 'images', detail: image.currentSrc || image.src || describe(image) });
  }
  return pending;
}

// Sends animated images back to their first frame: they start again when their
// address is set. Vector images are left alone.
async function restartImages() {
  const roots = findRoots();
  const images = roots.flatMap((root) => queryAll(root, 'img[src]'))
    .filter((image) => image.complete && !/\.svg|image\/svg/.test(image.currentSrc));
  await Promise.all([
    ...images.map((image) => {
      image.setAttribute('src', image.getAttribute('src'));
      return image.decode().catch(() => {});
    }),
    ...frameLibraries(roots).map((frame) => frame.restartImages()),
  ]);
  return images.length;
}

// Images that only CSS requests have no element that tells whether they are
// loaded. Each address is loaded again, from the cache, to find out.
const cssImages = new Map();
function pendingCssImages(root) {
  const pending = [];
  for (const element of queryNodes(root, '*')) {
    for (const pseudo of [undefined, '::before', '::after']) {
      const style = getComputedStyle(element, pseudo);
      const values = [
        style.backgroundImage, style.maskImage, style.borderImageSource, style.listStyleImage,
      ].join(' ');
      for (const [, address] of values.matchAll(/url\("([^"]+)"\)/g)) {
        if (!cssImages.has(address)) {
          cssImages.set(address, Object.assign(new Image(), { src: address }));
        }
        if (!cssImages.get(address).complete) pending.push({ step: 'images', detail: address });
      }
    }
  }
  return pending;
}
