// What a training step is taken by: the learning rate, and the factors by which the optimizers of
// Adam's kin correct their moments. Python's twin is `step_schedule` in gpunet's engine/interface.

/** @typedef {import("./types.js").OptimizerData} OptimizerData */

/**
 * What networks take an epoch's steps by: for each step the learning rate, and what Adam and Nadam
 * multiply the first moment with, epsilon, and (Nadam alone) the gradient itself. The betas are those
 * of float32, as the shaders sum the moments with them.
 * @param {OptimizerData} optimizer
 * @param {ArrayLike<number>[]} learningRates (P,) of (S,)
 * @param {number} firstStep steps taken before
 * @returns {Float32Array} (P * S * 4,)
 */
export function stepSchedule(optimizer, learningRates, firstStep) {
  const beta1 = Math.fround(optimizer.beta1);
  const beta2 = Math.fround(optimizer.beta2);
  const steps = learningRates[0].length;
  const nadam = optimizer.rule === "nadam" ? nadamFactors(beta1, firstStep, steps) : null;
  const schedule = new Float32Array(learningRates.length * steps * 4);
  for (let index = 0; index < steps; index++) {
    const step = firstStep + 1 + index;
    const root = Math.sqrt(1 - beta2 ** step);
    const [first, gradient] = nadam?.[index] ?? [1 / (1 - beta1 ** step), 0];
    learningRates.forEach((rates, network) => {
      schedule.set([rates[index], root * first, root, root * gradient], 4 * (network * steps + index));
    });
  }
  return schedule;
}

/**
 * Nadam's factors of the first moment and of the gradient (Dozat 2016, algorithm 8).
 * @param {number} beta1
 * @param {number} firstStep
 * @param {number} steps
 * @returns {[first: number, gradient: number][]} (S,)
 */
function nadamFactors(beta1, firstStep, steps) {
  /** @param {number} step */
  const momentum = (step) => beta1 * (1 - 0.5 * 0.96 ** (step * 0.004));
  let product = 1;
  for (let step = 1; step <= firstStep; step++) product *= momentum(step);
  return Array.from({ length: steps }, (_, index) => {
    const now = momentum(firstStep + 1 + index);
    const after = momentum(firstStep + 2 + index);
    product *= now;
    return [after / (1 - product * after), (1 - now) / (1 - product)];
  });
}
