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
