// Web fonts. The faces are asked one by one, because the set as a whole reports
// loading faces only a frame later.
function fontFamilies(status) {
  return [...getFonts()].filter((face) => face.status === status).map((face) => face.family);
}

function pendingFonts() {
  const families = [...new Set(fontFamilies('loading'))];
  return families.length > 0 ? [{ step: 'fonts', detail: families.join(', ') }] : [];
}
