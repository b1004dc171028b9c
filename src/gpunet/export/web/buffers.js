// An engine's buffers on the device, by the names of the shaders' variables.

export class DeviceBuffers {
  /** @param {GPUDevice} device */
  constructor(device) {
    this.device = device;
    /** @type {Map<string, GPUBuffer>} */
    this.named = new Map();
    /** The previous read, for which the next one waits, as all share one staging buffer. @type {Promise<unknown>} */
    this.reading = Promise.resolve();
    /** Why results would be wrong: the GPU had no memory for a buffer. @type {string|null} */
    this.lacking = null;
  }

  /** @param {string} name @returns {GPUBuffer} */
  get(name) {
    const buffer = this.named.get(name);
    if (buffer === undefined) throw new Error(`there is no buffer of the name ${name}`);
    return buffer;
  }

  /**
   * The buffer with this name, recreated if it is too small.
   * @param {string} name
   * @param {number} bytes
   * @param {GPUBufferUsageFlags} [kind]
   */
  ensure(name, bytes, kind = GPUBufferUsage.STORAGE) {
    const existing = this.named.get(name);
    if (existing !== undefined && existing.size >= bytes) return existing;
    const most = this.device.limits.maxStorageBufferBindingSize;
    if (bytes > most) {
      throw new Error(`${name} would take ${mebibytes(bytes)} MiB, but the browser gives a buffer at most ${mebibytes(most)}; choose a smaller network`);
    }
    existing?.destroy();
    const usage = kind === GPUBufferUsage.MAP_READ
      ? kind | GPUBufferUsage.COPY_DST
      : kind | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    this.device.pushErrorScope("out-of-memory");
    const made = this.device.createBuffer({ label: name, size: bytes, usage });
    this.device.popErrorScope().then((error) => {
      if (error !== null) this.lacking = `the GPU has no memory left for ${name}, ${mebibytes(bytes)} MiB; choose a smaller network or close other pages`;
    }).catch(() => {}); // a lost device, which is reported elsewhere
    this.named.set(name, made);
    return made;
  }

  /** Fills a buffer from its start. @param {string} name @param {ArrayBufferView} data */
  write(name, data) {
    this.device.queue.writeBuffer(this.get(name), 0, /** @type {ArrayBuffer} */ (data.buffer), data.byteOffset, data.byteLength);
  }

  /**
   * Reads parts of a buffer, joined one after the other; waits for the device.
   * @param {string} name
   * @param {[at: number, bytes: number][]} [stretches] by default the whole buffer
   * @returns {Promise<ArrayBuffer>}
   */
  read(name, stretches = [[0, this.get(name).size]]) {
    const next = this.reading.then(() => this.readNow(name, stretches));
    this.reading = next.catch(() => {});
    return next;
  }

  /** @param {string} name @param {[at: number, bytes: number][]} stretches */
  async readNow(name, stretches) {
    const total = stretches.reduce((sum, [, bytes]) => sum + bytes, 0);
    const near = this.ensure("what is read", total, GPUBufferUsage.MAP_READ);
    const commands = this.device.createCommandEncoder();
    let end = 0;
    for (const [at, bytes] of stretches) {
      commands.copyBufferToBuffer(this.get(name), at, near, end, bytes);
      end += bytes;
    }
    this.device.queue.submit([commands.finish()]);
    await near.mapAsync(GPUMapMode.READ, 0, total);
    const copy = near.getMappedRange(0, total).slice(0);
    near.unmap();
    if (this.lacking !== null) throw new Error(this.lacking);
    return copy;
  }

  destroy() {
    for (const buffer of this.named.values()) buffer.destroy();
    this.named.clear();
  }
}

/** @param {number} bytes */
function mebibytes(bytes) {
  return Math.ceil(bytes / 2 ** 20).toLocaleString("en-US");
}
