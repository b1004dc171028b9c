// Runs programs: a training step, or the scoring of a batch, as a list of passes.
//
// Nothing of the network is computed here. A pass names its shader, the constants that the shader
// is compiled with, the buffers that it binds by the names of its variables, and its workgroups.

/** @typedef {import("./types.js").Pass} Pass */
/** @typedef {import("./types.js").Program} Program */
/** @typedef {{pipeline: GPUComputePipeline, group: GPUBindGroup, workgroups: [number, number, number]}} Dispatch */
/** @typedef {{program: Program, dispatches: Dispatch[]}} BoundProgram a program with its pipelines, and its buffers bound */

export class Runner {
  /** @param {GPUDevice} device @param {string[]} shaders WGSL */
  constructor(device, shaders) {
    this.device = device;
    this.shaders = shaders;
    /** @type {Map<string, Promise<GPUComputePipeline>>} */
    this.pipelines = new Map();
  }

  /**
   * Compiles a program's passes and binds buffers to them.
   * @param {Program} program
   * @param {(name: string) => GPUBuffer} buffer of a variable's name
   * @returns {Promise<BoundProgram>}
   */
  async bind(program, buffer) {
    const lacking = program.features.filter((name) => !this.device.features.has(/** @type {GPUFeatureName} */ (name)));
    if (lacking.length > 0) throw new Error(`the GPU lacks ${lacking.join(", ")}, which the shaders need`);
    const dispatches = await Promise.all(program.passes.map(async (pass) => {
      const pipeline = await this.pipeline(pass);
      const group = this.device.createBindGroup({
        label: pass.label,
        layout: pipeline.getBindGroupLayout(0),
        entries: pass.bindings.map(({ number, name }) => ({ binding: number, resource: { buffer: buffer(name) } })),
      });
      return { pipeline, group, workgroups: pass.workgroups };
    }));
    return { program, dispatches };
  }

  /**
   * Submits a program's passes, so many times in a row, in one command buffer.
   * @param {BoundProgram} bound
   * @param {number} times
   */
  run({ dispatches }, times) {
    const commands = this.device.createCommandEncoder();
    const pass = commands.beginComputePass();
    for (let time = 0; time < times; time++) {
      for (const { pipeline, group, workgroups } of dispatches) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...workgroups);
      }
    }
    pass.end();
    this.device.queue.submit([commands.finish()]);
  }

  /** The pipeline of a pass, compiled once. @param {Pass} pass @returns {Promise<GPUComputePipeline>} */
  pipeline(pass) {
    const key = JSON.stringify([pass.shader, pass.constants]);
    const known = this.pipelines.get(key) ?? this.compile(pass);
    this.pipelines.set(key, known);
    return known;
  }

  /** @param {Pass} pass */
  compile({ label, shader, constants, bindings }) {
    const text = this.shaders[shader];
    const layout = this.device.createBindGroupLayout({
      label,
      entries: bindings.map(({ number, access }) => ({
        binding: number,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: access },
      })),
    });
    const code = text.includes("subgroup") ? `enable subgroups;\n${text}` : text;
    return this.device.createComputePipelineAsync({
      label,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: this.device.createShaderModule({ label, code }), entryPoint: "main", constants },
    }).catch((error) => {
      const [reason] = String(error.message).split("\n");
      throw new Error(`the GPU's driver refuses the shader ${label} (${reason}); try another browser`);
    });
  }
}
