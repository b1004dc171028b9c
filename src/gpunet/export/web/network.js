// The forward pass of one sample in plain JavaScript.

/** @typedef {import("./types.js").Shape} Shape */
/** @typedef {import("./types.js").Trace} Trace */

/** @param {Shape} shape @param {Float32Array} parameters (N,) @param {Float32Array} features (I,) @returns {Trace} */
export function forward(shape, parameters, features) {
  const preactivations = [];
  const activations = [];
  let inputs = features;
  let at = 0;
  shape.layers.forEach((layer, index) => {
    const sums = parameters.slice(at + layer.inputs * layer.outputs, at + (layer.inputs + 1) * layer.outputs);
    for (let input = 0; input < layer.inputs; input++) {
      for (let unit = 0; unit < layer.outputs; unit++) {
        sums[unit] += inputs[input] * parameters[at + input * layer.outputs + unit];
      }
    }
    preactivations.push(sums);
    at += (layer.inputs + 1) * layer.outputs;
    if (index < shape.layers.length - 1) {
      inputs = sums.map((value) => Math.max(0, value));
      activations.push(inputs);
    }
  });
  const logits = preactivations[preactivations.length - 1];
  const top = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - top));
  const sum = powers.reduce((one, other) => one + other, 0);
  return { preactivations, activations, outputs: powers.map((value) => value / sum) };
}
