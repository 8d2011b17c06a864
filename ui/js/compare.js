/* The image comparison: side by side, slider, overlay, blink, difference, with
   zoom, a loupe over every image at the same place, and outlined regions.

   `view` is shared by all snapshots:
   { mode, zoom ("fit" or pixels per pixel), split (0–100), opacity (0–100),
     loupe, regions }. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const { h } = T;

  T.MODES = [
    { value: "side", text: "Side by side", icon: "columns", key: "1" },
    { value: "slider", text: "Slider", icon: "split", key: "2" },
    { value: "overlay", text: "Overlay", icon: "layers", key: "3" },
    { value: "blink", text: "Blink", icon: "blink", key: "4" },
    { value: "diff", text: "Diff", icon: "diff", key: "5" },
    { value: "residual", text: "Residual", icon: "half", key: "6" },
  ];
  T.ZOOMS = ["fit", 1, 2, 4, 8];
  T.LOUPE_ZOOM = 8;
  T.defaultView = () => ({ mode: "side", zoom: "fit", split: 50, opacity: 50, loupe: false, regions: true });

  const NAMES = { baseline: "Baseline", current: "Current", diff: "Difference" };
  const TITLES = { ...NAMES, residual: "Residual" };

  T.Compare = class {
    /** Draws `snapshot` ({images, regions, width, height}) according to `view`. */
    constructor(snapshot, view) {
      this.snapshot = snapshot;
      this.view = view;
      this.size = { width: snapshot.width, height: snapshot.height };
      this.pictures = [];
      this.frames = [];
      this.element = h("div", { class: "compare" });
      // The scroll position of a zoomed image depends on the visible part.
      new ResizeObserver(() => this.scrollToDifference()).observe(this.element);
      this.draw();
    }

    draw() {
      const { images } = this.snapshot;
      const known = Object.keys(NAMES).filter((kind) => images[kind]);
      const both = images.baseline && images.current;
      this.pictures = [];
      this.frames = [];
      this.swapped = false;
      const isResidual = this.view.mode === "residual";
      let stage;
      if (known.length === 0) stage = this.nothing();
      else if (this.view.mode === "diff" && images.diff) stage = this.stage(this.frame("diff", ["diff"]));
      else if (isResidual && images.residual) stage = this.stage(this.frame("residual", ["residual"]));
      else if (this.view.mode === "side" || isResidual || !both) stage = this.side(known);
      else stage = this.stage(this.frame(this.view.mode, ["baseline", "current"]));
      this.reading = h("output", { class: "small mono quiet", hidden: true });
      this.element.replaceChildren(...[both && this.view.mode === "overlay" ? this.opacity() : null, isResidual && images.residual ? legend() : null, stage, this.reading].filter(Boolean));
      this.layout();
      this.showLoupe();
    }

    nothing() {
      return h("div", { class: "empty panel" }, h("p", {}, "This run has no image of the snapshot."));
    }

    stage(frame) {
      return h("div", { class: "compare-stage" }, this.mat(frame));
    }

    side(kinds) {
      return h("div", { class: "compare-side", style: { "--pictures": kinds.length } }, kinds.map((kind) =>
        h("figure", {}, this.mat(this.frame("single", [kind])),
          h("figcaption", {}, h("strong", {}, NAMES[kind]), h("span", { class: "faint", data: { size: kind } })))));
    }

    mat(frame) {
      const mat = h("div", { class: `mat${this.view.zoom === "fit" ? "" : " mat-zoomed"}` }, frame);
      for (const type of ["wheel", "pointerdown", "keydown"]) mat.addEventListener(type, () => { this.moved = true; }, { passive: true });
      mat.addEventListener("scroll", () => this.follow(mat), { passive: true });
      if (this.view.zoom !== "fit") this.pan(mat);
      return mat;
    }

    /** Drags a zoomed image; the others follow. */
    pan(mat) {
      mat.addEventListener("pointerdown", (event) => {
        if (event.button !== 0 || event.pointerType === "touch" || this.view.loupe || this.view.mode === "slider") return;
        event.preventDefault();
        const from = { x: event.clientX + mat.scrollLeft, y: event.clientY + mat.scrollTop };
        const drag = (now) => mat.scrollTo(from.x - now.clientX, from.y - now.clientY);
        mat.setPointerCapture(event.pointerId);
        mat.addEventListener("pointermove", drag);
        for (const end of ["pointerup", "pointercancel"]) mat.addEventListener(end, () => mat.removeEventListener("pointermove", drag), { once: true });
      });
    }

    /** Zoomed images scroll together. */
    follow(from) {
      for (const mat of this.element.querySelectorAll(".mat")) {
        if (mat === from) continue;
        if (mat.scrollLeft !== from.scrollLeft) mat.scrollLeft = from.scrollLeft;
        if (mat.scrollTop !== from.scrollTop) mat.scrollTop = from.scrollTop;
      }
    }

    frame(kind, sources) {
      const frame = h("div", { class: `frame frame-sized frame-${kind}`, style: { "--split": `${this.view.split}%`, "--opacity": this.view.opacity / 100 } },
        sources.map((source, index) => this.picture(source, index > 0)));
      frame.sources = sources;
      if (kind === "slider") {
        frame.append(h("span", { class: "frame-tag frame-tag-start" }, "Baseline"), h("span", { class: "frame-tag frame-tag-end" }, "Current"), this.grip(frame));
      }
      const outlined = sources.at(-1) !== "baseline";
      if (this.view.regions && outlined) frame.append(...this.regions());
      frame.addEventListener("pointermove", (event) => this.point(frame, event));
      this.frames.push(frame);
      return frame;
    }

    picture(source, over) {
      const image = h("img", { class: over ? "over" : undefined, alt: `${TITLES[source]} of ${this.snapshot.name}`, decoding: "async", draggable: "false" });
      image.addEventListener("load", () => this.layout());
      image.addEventListener("error", () => image.replaceWith(h("p", { class: "missing small" }, `The ${TITLES[source].toLowerCase()} image is missing.`)));
      image.source = source;
      image.src = this.snapshot.images[source];
      this.pictures.push(image);
      return image;
    }

    /** Images of different sizes are aligned at the top left. */
    layout() {
      const loaded = this.pictures.filter((image) => image.naturalWidth > 0);
      if (loaded.length > 0) {
        this.size = {
          width: Math.max(...loaded.map((image) => image.naturalWidth)),
          height: Math.max(...loaded.map((image) => image.naturalHeight)),
        };
      }
      const { width, height } = this.size;
      for (const frame of this.frames) {
        // Tiny images are magnified by a whole factor.
        const factor = Math.max(1, Math.floor(128 / width));
        frame.classList.toggle("is-tiny", factor > 1);
        frame.style.setProperty("--width", `${width * factor}px`);
        frame.style.setProperty("--ratio", width / height);
        frame.style.setProperty("aspect-ratio", `${width} / ${height}`);
        if (this.view.zoom !== "fit") frame.style.setProperty("inline-size", `${width * this.view.zoom}px`);
        for (const region of frame.querySelectorAll(".region")) this.place(region);
      }
      this.element.classList.toggle("is-narrow", width < 480);
      for (const image of loaded) {
        image.style.setProperty("inline-size", `${(image.naturalWidth / width) * 100}%`);
        const note = image.closest("figure")?.querySelector("[data-size]");
        if (note) note.textContent = `${image.naturalWidth}×${image.naturalHeight}`;
      }
      if (loaded.length > 0 && this.view.loupe && this.at) this.moveLoupe(this.at.x, this.at.y);
      this.scrollToDifference();
    }

    /** Scrolls to the largest region, until the user scrolls. */
    scrollToDifference() {
      const region = this.region ?? this.snapshot.regions[0];
      const mat = this.element.querySelector(".mat-zoomed");
      if (!region || !mat || this.moved) return;
      const zoom = this.view.zoom;
      mat.scrollLeft = (region.x + region.width / 2) * zoom - mat.clientWidth / 2;
      mat.scrollTop = (region.y + region.height / 2) * zoom - mat.clientHeight / 2;
      this.follow(mat);
    }

    /** The region after the one that is zoomed to; undefined beyond both ends. */
    regionAfter(step) {
      const { regions } = this.snapshot;
      const at = regions.indexOf(this.region);
      return at < 0 && step < 0 ? regions.at(-1) : regions[at + step];
    }

    /** The largest zoom at which a region fits into its mat. */
    zoomFor({ width, height }) {
      const room = this.element.querySelector(".mat");
      const fits = T.ZOOMS.filter((zoom) => zoom !== "fit" && width * zoom <= (room?.clientWidth ?? 0) * 0.9 && height * zoom <= innerHeight * 0.65);
      return fits.at(-1) ?? 1;
    }

    regions() {
      return this.snapshot.regions.slice(0, 40).map((region, index) => {
        const box = h("span", { class: `region${region === this.region ? " is-chosen" : ""}` }, index < 3 && h("span", {}, `${region.width}×${region.height}`));
        box.region = region;
        return box;
      });
    }

    place(box) {
      const { x, y, width, height } = box.region;
      const part = (value, whole) => `${(value / whole) * 100}%`;
      box.style.setProperty("left", part(x, this.size.width));
      box.style.setProperty("top", part(y, this.size.height));
      box.style.setProperty("width", part(width, this.size.width));
      box.style.setProperty("height", part(height, this.size.height));
    }

    grip(frame) {
      const grip = h("span", { class: "slider-grip", role: "slider", tabindex: "0", "aria-label": "Boundary between baseline and current", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": Math.round(this.view.split) });
      const drag = (event) => {
        const box = frame.getBoundingClientRect();
        this.split(((event.clientX - box.left) / box.width) * 100);
      };
      frame.addEventListener("pointerdown", (event) => {
        if (this.view.loupe || event.button !== 0) return;
        frame.setPointerCapture(event.pointerId);
        drag(event);
        frame.addEventListener("pointermove", drag);
        frame.addEventListener("pointerup", () => frame.removeEventListener("pointermove", drag), { once: true });
      });
      return grip;
    }

    split(percent) {
      this.view.split = Math.min(100, Math.max(0, percent));
      for (const frame of this.frames) frame.style.setProperty("--split", `${this.view.split}%`);
      this.element.querySelector(".slider-grip")?.setAttribute("aria-valuenow", String(Math.round(this.view.split)));
    }

    opacity() {
      const range = h("input", { class: "range", type: "range", min: "0", max: "100", "aria-label": "Opacity of the current image" });
      range.value = this.view.opacity;
      range.addEventListener("input", () => {
        this.view.opacity = Number(range.value);
        for (const frame of this.frames) frame.style.setProperty("--opacity", this.view.opacity / 100);
      });
      return h("label", { class: "row compare-opacity" }, h("span", { class: "label" }, "Baseline"), range, h("span", { class: "label" }, "Current"));
    }

    /** An arrow key: moves the loupe by a pixel, or the slider by a percent.
        False when there is neither. */
    nudge(dx, dy) {
      if (this.view.loupe && this.at) {
        this.moveLoupe(this.at.x + dx, this.at.y + dy);
        return true;
      }
      if (this.view.mode === "slider" && dx !== 0 && this.frames[0]?.classList.contains("frame-slider")) {
        this.split(this.view.split + dx);
        return true;
      }
      return false;
    }

    /** Shows the other image of a blinking pair and stops blinking. */
    swap() {
      if (this.view.mode !== "blink" || !this.frames[0]?.classList.contains("frame-blink")) return false;
      this.swapped = !this.swapped;
      for (const frame of this.frames) frame.classList.toggle("is-swapped", this.swapped);
      for (const frame of this.frames) frame.classList.add("is-held");
      return true;
    }

    // ── The loupe ──

    point(frame, event) {
      if (!this.view.loupe) return;
      const box = frame.getBoundingClientRect();
      this.moveLoupe(((event.clientX - box.left) / box.width) * this.size.width, ((event.clientY - box.top) / box.height) * this.size.height);
    }

    showLoupe() {
      for (const lens of this.element.querySelectorAll(".loupe")) lens.remove();
      this.reading.hidden = !this.view.loupe;
      if (!this.view.loupe) return;
      const [region] = this.snapshot.regions;
      const start = this.at ?? (region ? { x: region.x, y: region.y } : { x: this.size.width / 2, y: this.size.height / 2 });
      for (const frame of this.frames) frame.append(h("div", { class: "loupe", "aria-hidden": "true" }));
      this.moveLoupe(start.x, start.y);
    }

    moveLoupe(x, y) {
      const { width, height } = this.size;
      this.at = { x: Math.min(width - 1, Math.max(0, Math.floor(x))), y: Math.min(height - 1, Math.max(0, Math.floor(y))) };
      const readings = [];
      for (const frame of this.frames) {
        const lens = frame.querySelector(".loupe");
        const image = this.under(frame);
        if (!lens || !image) continue;
        const zoom = T.LOUPE_ZOOM;
        const place = placeOf(lens, frame, (this.at.x + 0.5) / width, (this.at.y + 0.5) / height);
        lens.style.setProperty("left", `${place.left}px`);
        lens.style.setProperty("top", `${place.top}px`);
        lens.style.setProperty("background-image", `url("${image.src.replaceAll('"', "%22")}")`);
        lens.style.setProperty("background-size", `${image.naturalWidth * zoom}px ${image.naturalHeight * zoom}px`);
        lens.style.setProperty("background-position", `calc(var(--loupe) / 2 - 3px - ${(this.at.x + 0.5) * zoom}px) calc(var(--loupe) / 2 - 3px - ${(this.at.y + 0.5) * zoom}px)`);
        const colour = colourAt(image, this.at);
        if (colour) readings.push(`${TITLES[image.source].toLowerCase()} ${colour}`);
      }
      this.reading.textContent = [`${this.at.x}, ${this.at.y}`, ...readings].join(" · ");
    }

    /** The visible image under the loupe. */
    under(frame) {
      const images = this.pictures.filter((image) => frame.contains(image));
      const left = this.view.mode === "slider" && (this.at.x / this.size.width) * 100 < this.view.split;
      return left || this.swapped ? images[0] : images.at(-1);
    }
  };

  const legend = () => h("p", { class: "row row-tight small quiet" },
    h("span", { class: "key key-residual" }), "unexplained", h("span", { class: "key key-explained" }), "explained");

  /** Where a lens over this part of a frame is not cut off: within the visible
      parts of the column and of the zoomed image, but always over its own frame.
      Relative to the frame, in pixels. */
  function placeOf(lens, frame, x, y) {
    const box = frame.getBoundingClientRect();
    const around = [".mat-zoomed", ".detail"].map((css) => frame.closest(css)?.getBoundingClientRect()).filter(Boolean);
    const from = (side) => Math.max(0, ...around.map((bounds) => bounds[side]));
    const to = (side, limit) => Math.min(limit, ...around.map((bounds) => bounds[side]));
    const size = lens.offsetWidth;
    const between = (value, first, last) => Math.min(Math.max(value, first), Math.max(first, last));
    const within = (middle, first, last, start, length) =>
      between(between(middle - size / 2, first, last - size) - start, -size / 2, length - size / 2);
    return {
      left: within(box.left + x * box.width, from("left"), to("right", innerWidth), box.left, box.width),
      top: within(box.top + y * box.height, from("top"), to("bottom", innerHeight), box.top, box.height),
    };
  }

  /** "#rrggbb" of a pixel. Null for images that a page opened from disk may show
      but not read. */
  function colourAt(image, { x, y }) {
    if (!image.complete || x >= image.naturalWidth || y >= image.naturalHeight) return null;
    try {
      const canvas = document.createElement("canvas");
      canvas.width = 1;
      canvas.height = 1;
      const context = canvas.getContext("2d");
      context.drawImage(image, -x, -y);
      const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
      return `#${[r, g, b].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
    } catch {
      return null;
    }
  }
}
