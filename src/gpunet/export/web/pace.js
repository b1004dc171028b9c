// Chooses how many steps the GPU gets at a time, and measures its speed.

/** Milliseconds of GPU work between two checks of the reader's wishes. */
const STRETCH = 30;

/** Milliseconds between two reports within an epoch. */
const REPORT_EVERY = 100;

/** Most steps at a time; reports come every tenth of a second anyway. */
const MOST_STEPS = 4096;

/** Measures the time of steps, and says how many to take at a time. */
export class StepClock {
  constructor() {
    /** Steps to take at a time. */
    this.pace = 1;
    this.last = this.reported = performance.now();
    this.reached = 0;
  }

  /** Restarts measuring, after a pause or between epochs. @param {number} step that the training has reached */
  start(step) {
    this.last = this.reported = performance.now();
    this.reached = step;
  }

  /** Records that this many steps are done. @param {number} steps */
  done(steps) {
    const now = performance.now();
    const wanted = Math.round((steps * STRETCH) / Math.max(now - this.last, 0.1));
    this.last = now;
    if (steps < this.pace) return; // the end of an epoch says little
    this.pace = Math.max(1, Math.min(MOST_STEPS, 2 * this.pace, Math.max(wanted, this.pace / 2)));
    this.pace = Math.ceil(this.pace);
  }

  /** Whether a report is due. */
  get isDue() {
    return performance.now() - this.reported >= REPORT_EVERY;
  }

  /** Steps a second since the last report. @param {number} step that the training has reached */
  rate(step) {
    const now = performance.now();
    const rate = (1000 * (step - this.reached)) / Math.max(now - this.reported, 1);
    this.reported = now;
    this.reached = step;
    return rate;
  }
}
