// The activations: a unit's output for its preactivation x, and the derivative. The formulas are those
// of gpunet/engine/reference/activations.py and of shaders/activation.

/** @typedef {{value: (x: number) => number, slope: (x: number) => number}} Activation */

// Klambauer et al., "Self-Normalizing Neural Networks", 2017, equation 14.
const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

// LeCun et al., "Efficient BackProp", 1998, section 4.4.
const TANH_SCALE = 1.7159;
const TANH_RATE = 2 / 3;

// Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016, section 2.
const GELU_RATE = Math.sqrt(2 / Math.PI);
const GELU_CUBIC = 0.044715;

/** 1 / (1 + exp(-x)). @param {number} x */
export function logistic(x) {
  return 1 / (1 + Math.exp(-x));
}

/** log(1 + exp(x)) without overflow. @param {number} x */
function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** The derivative of tanh where tanh has this value. @param {number} value */
function slopeOfTanh(value) {
  return 1 - value * value;
}

/**
 * The normal cumulative distribution at x, by the error function of Abramowitz & Stegun,
 * "Handbook of Mathematical Functions", 1964, formula 7.1.26, off by at most 1.5e-7.
 * @param {number} x
 */
function normalShare(x) {
  const root = Math.abs(x) * Math.SQRT1_2;
  const near = 1 / (1 + 0.3275911 * root);
  let series = 1.061405429;
  for (const coefficient of [-1.453152027, 1.421413741, -0.284496736, 0.254829592]) {
    series = series * near + coefficient;
  }
  const error = 1 - series * near * Math.exp(-root * root);
  return 0.5 + 0.5 * Math.sign(x) * error;
}

/** The normal density at x. @param {number} x */
function normalDensity(x) {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/** tanh(log(1 + exp(x))), and its slope, by g = exp(x) and a = g (g + 2). @param {number} x */
function mishShare(x) {
  const grown = Math.exp(Math.min(x, 20)); // from 20 on the result is 1
  const above = grown * (grown + 2);
  return { share: above / (above + 2), slope: (4 * grown * (1 + grown)) / (above + 2) ** 2 };
}

/** The argument of tanh in GELU's approximation. @param {number} x */
function geluBend(x) {
  return GELU_RATE * (x + GELU_CUBIC * x * x * x);
}

/** @type {Record<string, Activation>} */
const ACTIVATIONS = {
  identity: { value: (x) => x, slope: () => 1 },
  relu: { value: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0) },
  elu: {
    value: (x) => (x > 0 ? x : Math.expm1(x)),
    slope: (x) => Math.exp(Math.min(x, 0)),
  },
  selu: {
    value: (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)),
    slope: (x) => SELU_SCALE * (x > 0 ? 1 : SELU_ALPHA * Math.exp(x)),
  },
  sigmoid: {
    value: logistic,
    slope: (x) => logistic(x) * (1 - logistic(x)),
  },
  tanh: { value: Math.tanh, slope: (x) => slopeOfTanh(Math.tanh(x)) },
  scaled_tanh: {
    value: (x) => TANH_SCALE * Math.tanh(TANH_RATE * x),
    slope: (x) => TANH_SCALE * TANH_RATE * slopeOfTanh(Math.tanh(TANH_RATE * x)),
  },
  softplus: { value: softplus, slope: logistic },
  silu: {
    value: (x) => x * logistic(x),
    slope: (x) => logistic(x) * (1 + x * (1 - logistic(x))),
  },
  mish: {
    value: (x) => x * mishShare(x).share,
    slope: (x) => mishShare(x).share + Math.min(x, 20) * mishShare(x).slope,
  },
  gelu: {
    value: (x) => x * normalShare(x),
    slope: (x) => normalShare(x) + x * normalDensity(x),
  },
  gelu_tanh: {
    value: (x) => 0.5 * x * (1 + Math.tanh(geluBend(x))),
    slope: (x) => {
      const bent = Math.tanh(geluBend(x));
      const inner = GELU_RATE * (1 + 3 * GELU_CUBIC * x * x);
      return 0.5 * (1 + bent) + 0.5 * x * slopeOfTanh(bent) * inner;
    },
  },
};

/**
 * The activation with this name.
 * @param {string} name as in `Layer.activation`
 * @param {number} leakySlope slope of leaky ReLU below zero
 * @returns {Activation}
 */
export function activationOf(name, leakySlope) {
  if (name !== "leaky_relu") return ACTIVATIONS[name];
  return { value: (x) => (x > 0 ? x : leakySlope * x), slope: (x) => (x > 0 ? 1 : leakySlope) };
}
