// A drawing: a picture, or an empty board, and the strokes of a pen on it. Strokes are kept as points
// in parts of the board's longer side, so that they are drawn anew, and crisp, at whatever size.

/** @typedef {import("./types.js").Sample} Sample */

/** @typedef {{x: number, y: number, width: number}} PenPoint */

/** @typedef {{points: PenPoint[], erases: boolean}} Stroke */

/**
 * What lies under the strokes.
 * @typedef {object} Underlay
 * @property {HTMLCanvasElement} canvas
 * @property {string} paper the color around it
 * @property {string} ink a color that stands out from the paper
 * @property {Sample|null} sample that it is the picture of
 */

/** @typedef {{underlay: Underlay|null, strokes: readonly Stroke[]}} Drawing */

export const BOARD = "#10161f";
export const CHALK = "#ffffff";

/** @type {Drawing} */
export const EMPTY = { underlay: null, strokes: [] };

/** The drawings so far, and which of them is on the board: each change can be taken back. */
export class DrawingHistory {
  constructor() {
    /** @type {Drawing[]} */
    this.drawings = [EMPTY];
    this.at = 0;
  }

  get now() { return this.drawings[this.at]; }
  get canUndo() { return this.at > 0; }
  get canRedo() { return this.at < this.drawings.length - 1; }

  /** @param {Drawing} drawing */
  add(drawing) {
    this.drawings.splice(++this.at, Infinity, drawing);
  }

  undo() { this.at = Math.max(0, this.at - 1); }
  redo() { this.at = Math.min(this.drawings.length - 1, this.at + 1); }
}

/**
 * Paints a drawing over the whole canvas.
 * @param {CanvasRenderingContext2D} context
 * @param {Drawing} drawing
 * @param {{paper: string, ink: string}} colors of an empty board
 */
export function paintDrawing(context, { underlay, strokes }, colors = { paper: BOARD, ink: CHALK }) {
  const { width, height } = context.canvas;
  const { paper, ink } = underlay ?? colors;
  context.fillStyle = paper;
  context.fillRect(0, 0, width, height);
  if (underlay !== null) paintUnderlay(context, underlay.canvas);
  context.lineCap = "round";
  for (const { points, erases } of strokes) {
    context.strokeStyle = context.fillStyle = erases ? paper : ink;
    points.forEach((_, index) => paintPiece(context, points, index));
  }
}

/** The picture as large as it fits; of a small one every pixel is seen. @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} picture */
function paintUnderlay(context, picture) {
  const board = context.canvas;
  const scale = Math.min(board.width / picture.width, board.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  context.imageSmoothingEnabled = scale < 4;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (board.width - width) / 2, (board.height - height) / 2, width, height);
}

/**
 * The piece of a stroke around one of its points: a curve from halfway before to halfway behind it,
 * so that the pieces join smoothly, and each as wide as the pen was pressed there.
 * @param {CanvasRenderingContext2D} context
 * @param {PenPoint[]} points
 * @param {number} index
 */
function paintPiece(context, points, index) {
  const side = Math.max(context.canvas.width, context.canvas.height);
  const [before, point, after] = [index - 1, index, index + 1].map((at) => points[at] ?? points[index]);
  context.beginPath();
  if (points.length === 1) {
    context.arc(point.x * side, point.y * side, (point.width * side) / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  context.lineWidth = point.width * side;
  context.moveTo(((before.x + point.x) / 2) * side, ((before.y + point.y) / 2) * side);
  context.quadraticCurveTo(point.x * side, point.y * side, ((point.x + after.x) / 2) * side, ((point.y + after.y) / 2) * side);
  context.stroke();
}
