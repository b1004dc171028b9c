// The graphics processor, opened by WebGPU with the limits that every browser grants.

/** @typedef {{device: GPUDevice, adapter: GPUAdapter}} OpenDevice */

const VENDORS = new Map([
  ["amd", "AMD"], ["apple", "Apple"], ["arm", "ARM"], ["intel", "Intel"], ["nvidia", "NVIDIA"], ["qualcomm", "Qualcomm"],
]);

/** Seconds to wait before each try to open a device again that was lost. */
const REOPEN_AFTER = [0, 0.5, 2];

/**
 * An open device. It may be lost, as when the driver restarts; then another one takes its place,
 * and whoever works with buffers and pipelines makes them again there.
 */
export class Gpu {
  /** @param {OpenDevice} opened */
  constructor({ device, adapter }) {
    this.device = device;
    this.adapter = adapter;
    this.lost = false;
    /** Whether a device is open: at once, or some time after one was lost. @type {Promise<boolean>} */
    this.ready = Promise.resolve(true);
    /** @type {((reopened: boolean) => void)[]} */
    this.listeners = [];
    this.watch();
  }

  /** The device in words. */
  get name() {
    if (this.software) return "the processor";
    const { vendor, architecture, description } = this.adapter.info;
    const words = [VENDORS.get(vendor) ?? vendor, architecture].filter(Boolean).join(" ");
    return description || words || "a GPU that does not tell its name";
  }

  /** Whether the processor does the work. */
  get software() {
    const { isFallbackAdapter, architecture, description } = this.adapter.info;
    return isFallbackAdapter || /swiftshader|llvmpipe|basic render/i.test(`${architecture} ${description}`);
  }

  /** Hear of every loss, once another device has been opened or could not be. @param {(reopened: boolean) => void} listener */
  onLost(listener) {
    this.listeners.push(listener);
  }

  /** Waits for the loss of the device. */
  watch() {
    this.device.lost.then(() => { this.ready = this.reopen(); });
  }

  /** Opens another device in the place of the lost one. */
  async reopen() {
    this.lost = true;
    for (const seconds of REOPEN_AFTER) {
      await new Promise((resolve) => { setTimeout(resolve, 1000 * seconds); });
      const opened = await openDevice();
      if (opened !== null) {
        Object.assign(this, opened, { lost: false });
        this.watch();
        break;
      }
    }
    for (const listener of this.listeners) listener(!this.lost);
    return !this.lost;
  }
}

/**
 * The device of this browser; null where there is none.
 * @returns {Promise<Gpu|null>}
 */
export async function openGpu() {
  const opened = await openDevice();
  return opened && new Gpu(opened);
}

/** @returns {Promise<OpenDevice|null>} */
async function openDevice() {
  try {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) return null;
    /** @type {GPUFeatureName[]} */
    const requiredFeatures = adapter.features.has("subgroups") ? ["subgroups"] : [];
    return { adapter, device: await adapter.requestDevice({ requiredFeatures }) };
  } catch {
    return null; // the browser knows WebGPU, but its driver refuses
  }
}
