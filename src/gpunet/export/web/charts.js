// Curves on a canvas: axes with ticks at round numbers, lines, a mark, a crosshair. The caller gives
// the numbers a meaning; panels/curves.js makes a chart that can be read with the keyboard.

import { color } from "./dom.js";

/**
 * An axis from low to high; a logarithmic one has a low above zero.
 * @typedef {{low: number, high: number, log: boolean}} Axis
 */

/**
 * A curve. The x values increase; the line has a gap where a y value is not finite.
 * @typedef {object} Series
 * @property {string} name
 * @property {string} color of the theme, such as "--accent"
 * @property {boolean} dashed
 * @property {{x: number, y: number}[]} points
 */

/**
 * @typedef {object} CurveOptions
 * @property {Axis} x
 * @property {Axis} y
 * @property {(value: number) => string} label text of a tick of the y axis
 * @property {number|null} [cursor] position of the crosshair on the x axis
 * @property {{x: number, y: number}|null} [mark] a point with a ring around it
 * @property {boolean} [small] whether only the ends of the y axis are labeled
 */

/** The smallest round number from `value` up: a digit times a power of ten. @param {number} value */
export function roundNumber(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  // Rounding errors must not lift a round number to the next one.
  const digits = [1, 2, 3, 4, 5, 6, 8, 10].find((digit) => digit * power >= value * (1 - 1e-9)) ?? 10;
  return digits * power;
}

/**
 * Positions of ticks: about `count` round numbers; on a logarithmic axis powers of ten, or 1, 2 and 5 times these if they are few.
 * @param {Axis} axis
 * @param {number} count
 */
export function ticks({ low, high, log }, count) {
  if (log) {
    const powers = Math.log10(high / low);
    const digits = powers > 3 ? [1] : [1, 2, 5];
    const every = Math.max(1, Math.ceil(powers / count));
    const first = Math.floor(Math.log10(low) + 1e-9);
    const exponents = Array.from({ length: Math.ceil(powers / every) + 2 }, (_, place) => first + place * every);
    return exponents.flatMap((exponent) => digits.map((digit) => digit * 10 ** exponent))
      .filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
  }
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((digit) => digit * power >= rough * (1 - 1e-9)) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const ticksAbove = Math.floor(high / step + 1e-9) - first;
  return Array.from({ length: ticksAbove + 1 }, (_, place) => (first + place) * step);
}

/** The position of a value along an axis, from 0 to 1. @param {Axis} axis @param {number} value */
function share({ low, high, log }, value) {
  return log ? Math.log(Math.max(value, low / 10) / low) / Math.log(high / low) : (value - low) / (high - low);
}

/** The plot area of a canvas, in CSS pixels. @param {HTMLCanvasElement} canvas @param {boolean} small */
function frameOf(canvas, small) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const [left, right, top, bottom] = small ? [2, 2, 6, 6] : [46, 12, 8, 22];
  return { left, top, right: width - right, bottom: height - bottom, width: width - left - right, height: height - top - bottom };
}

/** The x value at a position of the canvas, clamped to the axis. @param {HTMLCanvasElement} canvas @param {Axis} axis @param {number} place in CSS pixels from its left edge */
export function valueAt(canvas, axis, place) {
  const frame = frameOf(canvas, false);
  return axis.low + Math.min(1, Math.max(0, (place - frame.left) / frame.width)) * (axis.high - axis.low);
}

/**
 * Draws curves on a canvas, at the resolution of the screen.
 * @param {HTMLCanvasElement} canvas
 * @param {Series[]} series
 * @param {CurveOptions} options
 */
export function drawCurves(canvas, series, options) {
  const pen = sharpPen(canvas);
  if (pen === null) return;
  const frame = frameOf(canvas, options.small ?? false);
  /** @type {(point: {x: number, y: number}) => [number, number]} */
  const place = ({ x, y }) => [frame.left + share(options.x, x) * frame.width, frame.bottom - share(options.y, y) * frame.height];
  drawAxes(pen, frame, options);
  pen.save();
  pen.beginPath();
  pen.rect(frame.left - 1, frame.top - 3, frame.width + 4, frame.height + 6);
  pen.clip();
  for (const one of series) drawLine(pen, one, place);
  pen.restore();
  if (options.mark) drawRing(pen, place(options.mark));
  if (typeof options.cursor === "number") {
    const at = place({ x: options.cursor, y: options.y.low })[0];
    strokeLine(pen, "--quiet", [[at, frame.top], [at, frame.bottom]]);
    for (const one of series) {
      const point = nearest(one.points, options.cursor);
      if (point !== null && Number.isFinite(point.y)) drawDot(pen, one.color, place(point));
    }
  }
}

/** The context of a canvas at the resolution of the screen. @param {HTMLCanvasElement} canvas */
function sharpPen(canvas) {
  const pen = canvas.getContext("2d");
  const { clientWidth, clientHeight } = canvas;
  if (pen === null || clientWidth === 0) return null;
  const fine = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(clientWidth * fine), Math.round(clientHeight * fine)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  pen.setTransform(fine, 0, 0, fine, 0, 0);
  pen.clearRect(0, 0, clientWidth, clientHeight);
  pen.font = `12px ${getComputedStyle(canvas).fontFamily}`;
  pen.lineJoin = "round";
  return pen;
}

/** @param {CanvasRenderingContext2D} pen @param {ReturnType<typeof frameOf>} frame @param {CurveOptions} options */
function drawAxes(pen, frame, { x, y, label, small }) {
  pen.fillStyle = color("--quiet");
  const rows = small ? [y.low, y.high] : ticks(y, Math.max(2, Math.floor(frame.height / 34)));
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (const value of rows) {
    const at = Math.round(frame.bottom - share(y, value) * frame.height) + 0.5;
    strokeLine(pen, "--line", [[frame.left, at], [frame.right, at]]);
    if (!small) pen.fillText(label(value), frame.left - 7, at);
  }
  if (small) return;
  pen.textBaseline = "alphabetic";
  pen.textAlign = "center";
  for (const value of ticks(x, Math.max(2, Math.min(10, Math.floor(frame.width / 48))))) {
    if (!Number.isInteger(value)) continue;
    const at = frame.left + share(x, value) * frame.width;
    strokeLine(pen, "--line", [[at, frame.bottom], [at, frame.bottom + 4]]);
    pen.fillText(String(value), at, frame.bottom + 17);
  }
}

/** @param {CanvasRenderingContext2D} pen @param {Series} series @param {(point: {x: number, y: number}) => [number, number]} place */
function drawLine(pen, series, place) {
  pen.strokeStyle = color(series.color);
  pen.lineWidth = 2;
  pen.setLineDash(series.dashed ? [5, 4] : []);
  pen.beginPath();
  let drawing = false;
  for (const point of series.points) {
    if (!Number.isFinite(point.y)) drawing = false;
    else if (drawing) pen.lineTo(...place(point));
    else { pen.moveTo(...place(point)); drawing = true; }
  }
  pen.stroke();
  pen.setLineDash([]);
  const [first] = series.points;
  if (series.points.length === 1 && Number.isFinite(first.y)) drawDot(pen, series.color, place(first));
}

/** @param {CanvasRenderingContext2D} pen @param {string} name of the color @param {[number, number][]} corners */
function strokeLine(pen, name, corners) {
  pen.strokeStyle = color(name);
  pen.lineWidth = 1;
  pen.beginPath();
  for (const corner of corners) pen.lineTo(...corner);
  pen.stroke();
}

/** @param {CanvasRenderingContext2D} pen @param {string} name of the color @param {[number, number]} place */
function drawDot(pen, name, place) {
  pen.fillStyle = color(name);
  pen.beginPath();
  pen.arc(...place, 3.5, 0, 2 * Math.PI);
  pen.fill();
}

/** @param {CanvasRenderingContext2D} pen @param {[number, number]} place */
function drawRing(pen, place) {
  pen.strokeStyle = color("--text");
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(...place, 6, 0, 2 * Math.PI);
  pen.stroke();
}

/** The point nearest to an x value. @template {{x: number}} Point @param {Point[]} points @param {number} x @returns {Point|null} */
export function nearest(points, x) {
  return points.reduce((/** @type {Point|null} */ best, point) =>
    best === null || Math.abs(point.x - x) < Math.abs(best.x - x) ? point : best, null);
}

/**
 * A function that draws before the next frame, once however often it is called. A hidden page draws
 * nothing, because its browser requests no frames.
 * @param {() => void} draw
 */
export function oncePerPicture(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  };
}

/** Redraws when an element's size or the theme changes. @param {Element} node @param {() => void} draw */
export function drawnAnew(node, draw) {
  new ResizeObserver(draw).observe(node);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
