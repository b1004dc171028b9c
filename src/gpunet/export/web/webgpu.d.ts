// Numbers of WebGPU that TypeScript's description of browsers leaves out.

declare const GPUBufferUsage: { readonly [name in "MAP_READ" | "COPY_SRC" | "COPY_DST" | "UNIFORM" | "STORAGE"]: number };
declare const GPUMapMode: { readonly READ: number };
declare const GPUShaderStage: { readonly COMPUTE: number };
