// The graphics processor, opened by WebGPU with the limits that every browser grants.

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
  /** @param {GPUDevice} device @param {GPUAdapter} adapter */
  constructor(device, adapter) {
    /** @type {((reopened: boolean) => void)[]} */
    this.listeners = [];
    this.take(device, adapter);
  }

  /** @param {GPUDevice} device @param {GPUAdapter} adapter */
  take(device, adapter) {
    this.device = device;
    this.lost = false;
    this.software = isSoftware(adapter);
    this.name = nameOf(adapter);
    /** Whether a device is open: at once, or after one that was lost. @type {Promise<boolean>} */
    this.ready = Promise.resolve(true);
    device.lost.then(() => { this.ready = this.reopen(); });
  }

  /** Hear of every loss, once another device has been opened or could not be. @param {(reopened: boolean) => void} listener */
  onLost(listener) {
    this.listeners.push(listener);
  }

  /** Opens another device in the place of the lost one. */
  async reopen() {
    this.lost = true;
    for (const seconds of REOPEN_AFTER) {
      await new Promise((resolve) => { setTimeout(resolve, 1000 * seconds); });
      const found = await openDevice();
      if (found !== null) {
        this.take(found.device, found.adapter);
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
  const found = await openDevice();
  return found === null ? null : new Gpu(found.device, found.adapter);
}

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

/** Whether the processor does the work. @param {GPUAdapter} adapter */
function isSoftware({ info }) {
  return info.isFallbackAdapter || /swiftshader|llvmpipe|basic render/i.test(`${info.architecture} ${info.description}`);
}

/** The device in words. @param {GPUAdapter} adapter */
function nameOf(adapter) {
  const { vendor, architecture, description } = adapter.info;
  if (isSoftware(adapter)) return "the processor, by a driver that stands in for a GPU";
  if (description) return description;
  const maker = VENDORS.get(vendor) ?? vendor;
  return [maker, architecture].filter(Boolean).join(" ") || "a GPU that does not tell its name";
}
