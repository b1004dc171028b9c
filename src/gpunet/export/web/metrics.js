// Metrics: losses, the confusion matrix, errors of measured targets. The twin of
// gpunet/training/metrics.py.

/** @typedef {import("./types.js").Shape} Shape */

/** The smallest probability in a loss, so that none is infinite: the smallest normal float32. */
const LEAST_PROBABILITY = 2 ** -126;

/** The index of the largest output; the first of equal ones. @param {ArrayLike<number>} outputs (C,) */
export function largestPlace(outputs) {
  let best = 0;
  for (let place = 1; place < outputs.length; place++) if (outputs[place] > outputs[best]) best = place;
  return best;
}

/** @param {number} share */
function safeLog(share) {
  return Math.log(Math.max(share, LEAST_PROBABILITY));
}

/**
 * The loss of one answer; for classes the cross-entropy, whatever the network's own loss.
 * @param {Shape} shape
 * @param {ArrayLike<number>} outputs (C,) or (T,) as the network answers
 * @param {ArrayLike<number>} labels (1,) the class, or (T,) labels or targets as they were trained on
 */
export function answerLoss(shape, outputs, labels) {
  if (shape.kind === "classes") {
    const given = outputs[labels[0]];
    return -safeLog(Number.isNaN(given) ? 0 : given);
  }
  let sum = 0;
  for (let place = 0; place < labels.length; place++) sum += targetLoss(shape.loss, outputs[place], labels[place]);
  return Number.isNaN(sum) ? Infinity : sum;
}

/** @param {string} loss @param {number} output @param {number} target */
function targetLoss(loss, output, target) {
  const error = output - target;
  const bounded = Math.min(1, Math.max(-1, error));
  switch (loss) {
    case "binary-cross-entropy": return -(target * safeLog(output) + (1 - target) * safeLog(1 - output));
    case "huber": return bounded * (error - bounded / 2);
    case "poisson": return output - target * safeLog(output);
    default: return (error * error) / 2;
  }
}

/**
 * Whether an answer is right: its class, or all of its labels.
 * @param {Shape} shape
 * @param {ArrayLike<number>} outputs
 * @param {ArrayLike<number>} labels
 */
export function isRight(shape, outputs, labels) {
  if (shape.kind === "classes") return largestPlace(outputs) === labels[0];
  for (let place = 0; place < labels.length; place++) {
    if (outputs[place] > 0.5 !== labels[place] > 0.5) return false;
  }
  return true;
}

/**
 * Samples by true class (rows) and answered class (columns), in row-major order.
 * @param {ArrayLike<number>} labels (n,)
 * @param {ArrayLike<number>} answers (n,)
 * @param {number} classes C
 * @returns {Uint32Array} (C * C,)
 */
export function confusionMatrix(labels, answers, classes) {
  const matrix = new Uint32Array(classes * classes);
  for (let row = 0; row < labels.length; row++) matrix[labels[row] * classes + answers[row]]++;
  return matrix;
}

/**
 * The most frequent confusions, the most frequent first.
 * @param {ArrayLike<number>} labels (n,)
 * @param {ArrayLike<number>} answers (n,)
 */
export function confusedPairs(labels, answers) {
  /** @type {Map<string, {label: number, answer: number, count: number}>} */
  const pairs = new Map();
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row], answer = answers[row], key = `${label} ${answer}`;
    if (label === answer) continue;
    const pair = pairs.get(key) ?? { label, answer, count: 0 };
    pairs.set(key, { ...pair, count: pair.count + 1 });
  }
  return [...pairs.values()].sort((one, other) =>
    other.count - one.count || one.label - other.label || one.answer - other.answer);
}

/**
 * Errors of measured targets: means over the targets.
 * @param {Float64Array} targets (n * T,) in their own units
 * @param {Float64Array} answers (n * T,) likewise
 * @param {number} width T
 * @param {ArrayLike<number>} counts (n,) weight of each sample
 * @returns {{r2: number, rmse: number, mae: number}}
 */
export function targetScores(targets, answers, width, counts) {
  const rows = counts.length;
  let total = 0;
  for (let row = 0; row < rows; row++) total += counts[row];
  const scores = { r2: 0, rmse: 0, mae: 0 };
  for (let target = 0; target < width; target++) {
    let squared = 0, absolute = 0, mean = 0, spread = 0;
    for (let row = 0; row < rows; row++) {
      const error = answers[row * width + target] - targets[row * width + target];
      squared += counts[row] * error * error / total;
      absolute += counts[row] * Math.abs(error) / total;
      mean += counts[row] * (targets[row * width + target] - targets[target]) / total;
    }
    for (let row = 0; row < rows; row++) {
      spread += counts[row] * (targets[row * width + target] - targets[target] - mean) ** 2 / total;
    }
    const share = spread === 0 ? Number(squared !== 0) : squared / spread;
    scores.r2 += (rows > 1 ? 1 - share : NaN) / width;
    scores.rmse += Math.sqrt(squared) / width;
    scores.mae += absolute / width;
  }
  return scores;
}
