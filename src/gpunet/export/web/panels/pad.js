// The board that is drawn on: by mouse, pen or finger, or by keys that move the pen.

import { element } from "../dom.js";
import { DrawingHistory, EMPTY, paintDrawing } from "../strokes.js";

/** @typedef {import("../strokes.js").Drawing} Drawing */
/** @typedef {import("../strokes.js").PenPoint} PenPoint */
/** @typedef {import("../strokes.js").Stroke} Stroke */
/** @typedef {import("../strokes.js").Underlay} Underlay */
/** @typedef {import("../announce.js").Announcer} Announcer */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Area in parts of the board's longer side */
/** @typedef {Area & {text: string, chosen: boolean}} Mark */

const PEN = 0.07; // the pen's width in parts of the board: MNIST's strokes, in a digit of two thirds of its height
const ERASER = 2.5; // times as wide as the pen
const NEAREST = 0.004; // between two points of a stroke; what is closer is a trembling hand
const STEP = 0.025; // that an arrow key moves the pen; a fifth of it with Shift
const ERASER_BUTTON = 32; // of a pen that is turned around

/** Where an arrow key moves to. @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const HELP = "Arrow keys move the pen, with Shift in small steps; Space or Enter lowers and lifts it; "
  + "E changes to the eraser and back; U takes back, R does again, C or Escape clears.";

export class Pad {
  history = new DrawingHistory();
  penWidth = PEN;
  erases = false;
  /** The stroke that is being drawn. @type {Stroke|null} */
  stroke = null;
  /** The pointer that draws it. @type {number|null} */
  pointer = null;
  /** The arrow keys that are held. @type {Set<string>} */
  arrows = new Set();
  /** The next repainting. @type {number|null} */
  frame = null;
  /** @type {(() => void)[]} */
  listeners = [];

  canvas = element("canvas", {
    className: "pad-canvas", tabIndex: 0, role: "application", "aria-roledescription": "drawing board",
    ariaLabel: "Board to draw on", "aria-describedby": "pad-help",
  });
  hint = element("span", { className: "pad-hint", "aria-hidden": "true" }, "Draw here");
  marks = element("div", { className: "pad-marks", "aria-hidden": "true" });
  cursor = element("span", { className: "pad-cursor", hidden: true });
  root = element("div", { className: "pad" }, this.canvas, this.hint, this.marks, this.cursor);
  help = element("details", { className: "pad-help quiet" },
    element("summary", {}, "Drawing by keys"), element("p", { id: "pad-help" }, HELP));

  /**
   * @param {[number, number]} shape height and width, which the board is in proportion to
   * @param {Announcer} announcer
   */
  constructor([height, width], announcer) {
    this.announcer = announcer;
    this.across = width / Math.max(height, width);
    this.down = height / Math.max(height, width);
    /** Where the keys have the pen. */
    this.pen = { x: this.across / 2, y: this.down / 4 };
    this.canvas.style.aspectRatio = `${width} / ${height}`;
    this.listen();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.pointerDown(event));
    canvas.addEventListener("pointermove", (event) => this.pointerMove(event));
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
      canvas.addEventListener(name, (event) => this.pointerUp(event));
    }
    canvas.addEventListener("keydown", (event) => this.keyDown(event));
    canvas.addEventListener("keyup", (event) => this.arrows.delete(event.key));
    canvas.addEventListener("blur", () => {
      this.arrows.clear();
      this.lift();
      this.cursor.hidden = true;
    });
    new ResizeObserver(() => this.paint()).observe(canvas);
    // The same size in other pixels, on another screen or by zooming, is no resize.
    addEventListener("resize", () => this.paint());
  }

  /** Hear of every change, at most once a frame. @param {() => void} listener */
  listenToChange(listener) {
    this.listeners.push(listener);
  }

  get drawing() { return this.history.now; }
  get isEmpty() { return this.drawing.underlay === null && this.drawing.strokes.length === 0; }

  /** A picture in place of the drawing. @param {Underlay} underlay */
  put(underlay) {
    this.stroke = null;
    this.history.add({ underlay, strokes: [] });
    this.repaint();
  }

  /** Where a box in pixels of an image lies that fills the board. @param {number[]} box @param {{width: number, height: number}} image @returns {Area} */
  onBoard([left, top, right, bottom], { width, height }) {
    const scale = Math.min(this.across / width, this.down / height);
    const [x, y] = [(this.across - width * scale) / 2, (this.down - height * scale) / 2];
    return { left: x + left * scale, top: y + top * scale, right: x + right * scale, bottom: y + bottom * scale };
  }

  /** Frames around what was found, each with a text. @param {Mark[]} marks */
  mark(marks) {
    this.marks.replaceChildren(...marks.map(({ left, top, right, bottom, text, chosen }) => {
      const frame = element("span", { className: `pad-mark${chosen ? " pad-chosen" : ""}` }, element("b", {}, text));
      const share = (/** @type {number} */ part, /** @type {number} */ whole) => `${(100 * part) / whole}%`;
      frame.style.left = share(left, this.across);
      frame.style.top = share(top, this.down);
      frame.style.width = share(right - left, this.across);
      frame.style.height = share(bottom - top, this.down);
      return frame;
    }));
  }

  undo() { this.travel(() => this.history.undo(), this.history.canUndo, "Taken back", "Nothing to take back"); }
  redo() { this.travel(() => this.history.redo(), this.history.canRedo, "Done again", "Nothing to do again"); }

  clear() {
    this.travel(() => this.history.add(EMPTY), !this.isEmpty, "Cleared", "The board is empty");
  }

  /** @param {() => void} change @param {boolean} possible @param {string} done @param {string} idle */
  travel(change, possible, done, idle) {
    this.lift();
    if (possible) change();
    this.announcer.tell("pen", possible ? done : idle);
    this.repaint();
  }

  /** @param {boolean} erases */
  setEraser(erases) {
    this.lift();
    this.erases = erases;
    this.canvas.classList.toggle("pad-erases", erases);
    this.announcer.tell("pen", erases ? "Eraser" : "Pen");
    this.repaint();
  }

  // ---- The pen

  /** @param {PenPoint} point @param {boolean} erases */
  lower(point, erases) {
    this.stroke = { points: [point], erases };
    const { underlay, strokes } = this.drawing;
    this.history.add({ underlay, strokes: [...strokes, this.stroke] });
    this.repaint();
  }

  /** @param {PenPoint} point */
  draw(point) {
    if (this.stroke === null) return;
    const last = this.stroke.points[this.stroke.points.length - 1];
    if (Math.hypot(point.x - last.x, point.y - last.y) < NEAREST) return;
    this.stroke.points.push({ ...point, width: (last.width + point.width) / 2 });
    this.repaint();
  }

  lift() {
    this.stroke = null;
    this.cursor.classList.remove("pad-down");
  }

  // ---- Pointers: the first finger draws, others do nothing

  /** @param {PointerEvent} event */
  pointerDown(event) {
    if (this.pointer !== null || (event.pointerType === "mouse" && event.button !== 0)) return;
    event.preventDefault(); // no selection of text, no image dragged away
    this.canvas.focus({ preventScroll: true });
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.cursor.hidden = true;
    const erases = this.erases || (event.buttons & ERASER_BUTTON) !== 0;
    this.lower(this.pointOf(event, erases), erases);
  }

  /** @param {PointerEvent} event */
  pointerMove(event) {
    if (event.pointerId !== this.pointer || this.stroke === null) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length > 0 ? moves : [event]) this.draw(this.pointOf(move, this.stroke.erases));
  }

  /** @param {PointerEvent} event */
  pointerUp(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    this.lift();
  }

  /** @param {PointerEvent} event @param {boolean} erases @returns {PenPoint} */
  pointOf(event, erases) {
    const place = this.canvas.getBoundingClientRect();
    const side = Math.max(place.width, place.height);
    const pressed = event.pointerType === "pen" && event.pressure > 0 ? 0.5 + event.pressure : 1;
    return {
      x: (event.clientX - place.left) / side,
      y: (event.clientY - place.top) / side,
      width: this.penWidth * (erases ? ERASER : pressed),
    };
  }

  // ---- Keys

  /** @param {KeyboardEvent} event */
  keyDown(event) {
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.repeat && !(key in ARROWS)) return;
    if (command ? !this.commandKey(key, event.shiftKey) : !this.plainKey(key, event.shiftKey)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {string} key @param {boolean} shift @returns {boolean} whether it means something here */
  commandKey(key, shift) {
    if (key === "z" && !shift) this.undo();
    else if (key === "y" || key === "z") this.redo();
    else return false;
    return true;
  }

  /** @param {string} key @param {boolean} shift @returns {boolean} whether it means something here */
  plainKey(key, shift) {
    if (key in ARROWS) this.step(key, shift ? STEP / 5 : STEP);
    else if (key === " " || key === "Enter") this.toggle();
    else if (key === "u") this.undo();
    else if (key === "r") this.redo();
    else if (key === "e") this.setEraser(!this.erases);
    else if (key === "c" || key === "Escape") this.clear();
    else return false;
    return true;
  }

  /** Moves the pen along all arrows that are held, so that two of them draw a diagonal. @param {string} key @param {number} length */
  step(key, length) {
    this.arrows.add(key);
    const moves = [...this.arrows].map((held) => ARROWS[held]);
    const { pen } = this;
    pen.x = Math.min(this.across, Math.max(0, pen.x + length * moves.reduce((sum, [x]) => sum + x, 0)));
    pen.y = Math.min(this.down, Math.max(0, pen.y + length * moves.reduce((sum, [, y]) => sum + y, 0)));
    this.draw(this.penPoint());
    this.showCursor();
    const across = Math.round((100 * pen.x) / this.across);
    const down = Math.round((100 * pen.y) / this.down);
    this.announcer.tell("place", `${across} percent across, ${down} percent down`);
  }

  toggle() {
    if (this.stroke === null) this.lower(this.penPoint(), this.erases);
    else this.lift();
    this.showCursor();
    this.announcer.tell("pen", this.stroke === null ? "Pen up" : "Pen down");
  }

  /** @returns {PenPoint} */
  penPoint() {
    return { ...this.pen, width: this.penWidth * (this.erases ? ERASER : 1) };
  }

  showCursor() {
    this.cursor.hidden = false;
    this.cursor.classList.toggle("pad-down", this.stroke !== null);
    this.cursor.style.left = `${(100 * this.pen.x) / this.across}%`;
    this.cursor.style.top = `${(100 * this.pen.y) / this.down}%`;
  }

  // ---- Painting: once a frame, however many events there were

  repaint() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
      for (const listener of this.listeners) listener();
    });
  }

  paint() {
    const { canvas } = this;
    const width = Math.round(canvas.clientWidth * devicePixelRatio);
    const height = Math.round(canvas.clientHeight * devicePixelRatio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    if (context !== null && width > 0) paintDrawing(context, this.drawing);
    this.hint.hidden = !this.isEmpty;
  }
}
