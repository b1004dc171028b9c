// Puts an image file on the board, and prepares the board's picture for the network.

import { greyOf } from "./colors.js";
import { element } from "./dom.js";
import { CHALK, paintDrawing } from "./strokes.js";

/** @typedef {import("./prepare.js").GreyImage} GreyImage */
/** @typedef {import("./strokes.js").Drawing} Drawing */
/** @typedef {import("./strokes.js").Underlay} Underlay */
/** @typedef {import("./types.js").Sample} Sample */

const LONGEST = 2048; // pixels of a photograph's longer side; finer ones are made smaller first
const FINENESS = 10; // pixels of the board for one of the network's, so that its greys are smooth
const FINEST_BOARD = 1024; // pixels of the board's longer side, at most

/** @param {number} width @param {number} height */
function blankContext(width, height) {
  const context = element("canvas", { width, height }).getContext("2d", { willReadFrequently: true });
  return /** @type {CanvasRenderingContext2D} */ (context);
}

/**
 * An image file for the board, upright as its EXIF orientation says.
 * @param {Blob} file
 * @returns {Promise<Underlay>}
 * @throws {Error} in one sentence, if it is no image
 */
export async function readImageFile(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => {
    const name = file instanceof File && file.name ? file.name : "the file";
    throw new Error(`${name} is no image that this browser reads; give a PNG, JPEG, GIF or WebP file.`);
  });
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = blankContext(width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return { canvas: context.canvas, ...colorsAround(greyOfCanvas(context)), sample: null };
}

/** The picture of a sample, for the board. @param {Sample} sample @param {[number, number]} shape height and width @returns {Underlay} */
export function underlayOf(sample, [height, width]) {
  const context = blankContext(width, height);
  paintGrey(context.canvas, sample.picture);
  return { canvas: context.canvas, ...colorsAround(greyOfCanvas(context)), sample };
}

/** Paints gray levels, one for each pixel of a canvas; black without. @param {HTMLCanvasElement} canvas @param {Uint8Array|null} levels */
export function paintGrey(canvas, levels) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let at = 0; at < pixels.length; at++) pixels[at] = (255 << 24) | ((levels?.[at] ?? 0) * 0x010101);
  context.putImageData(image, 0, 0);
}

/**
 * What is prepared for the network: an image alone has its own pixels, all else those of the board.
 * @param {Drawing} drawing
 * @param {[number, number]} shape height and width of the network's images
 * @returns {GreyImage}
 */
export function greyDrawing(drawing, [height, width]) {
  if (drawing.underlay !== null && drawing.strokes.length === 0) {
    return greyOfCanvas(/** @type {CanvasRenderingContext2D} */ (drawing.underlay.canvas.getContext("2d")));
  }
  const fineness = Math.max(1, Math.min(FINENESS, Math.floor(FINEST_BOARD / Math.max(height, width))));
  const context = blankContext(fineness * width, fineness * height);
  paintDrawing(context, drawing, { paper: "#000000", ink: CHALK });
  return greyOfCanvas(context);
}

/** @param {CanvasRenderingContext2D} context */
function greyOfCanvas(context) {
  return greyOf(context.getImageData(0, 0, context.canvas.width, context.canvas.height));
}

/** The paper, which the median of the outermost pixels is, and ink that stands out from it. @param {GreyImage} image */
function colorsAround({ grey, width, height }) {
  const outermost = grey.filter((_, at) => at < width || at >= width * (height - 1) || at % width === 0 || at % width === width - 1);
  const paper = outermost.sort()[outermost.length >> 1];
  return { paper: `rgb(${paper}, ${paper}, ${paper})`, ink: paper > 127 ? "#000000" : CHALK };
}
