// Numbers as the panels write them: the same digits everywhere, so that columns stay in place.

/** Such as 97.2 %. @param {number} share from 0 to 1 @param {number} [digits] */
export function percent(share, digits = 1) {
  return Number.isFinite(share) ? `${(100 * share).toFixed(digits)} %` : "–";
}

/** A loss or R2 with four digits behind the point, and a large one in powers of ten. @param {number} value */
export function decimal(value) {
  if (!Number.isFinite(value)) return "–";
  return Math.abs(value) >= 1000 ? value.toExponential(1) : value.toFixed(4);
}

/** Without zeros at the end: 0.001, 2.5e-7. @param {number} value @param {number} [digits] that count */
export function short(value, digits = 2) {
  const rounded = Number(value.toPrecision(digits));
  return Math.abs(rounded) < 1e-4 && rounded !== 0 ? rounded.toExponential() : String(rounded);
}

/** Such as 12,345. @param {number} value */
export function counted(value) {
  return Math.round(value).toLocaleString("en-US");
}

/** A measured number in about four digits: "0.01235", "12,346". @param {number} value */
export function figureText(value) {
  if (!Number.isFinite(value)) return "no number";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(3);
  const digits = size < 1000 ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: 0 };
  return value.toLocaleString("en-US", digits);
}

/** Three digits of a number, with a sign that is as wide as a plus. @param {number} value */
export function shortNumber(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const text = size !== 0 && (size < 0.001 || size >= 1e6) ? size.toExponential(1) : String(Number(size.toPrecision(3)));
  return value < 0 && Number(text) !== 0 ? `\u2212${text}` : text;
}

/** The same with a plus above zero. @param {number} value */
export function signedNumber(value) {
  return value > 0 ? `+${shortNumber(value)}` : shortNumber(value);
}
