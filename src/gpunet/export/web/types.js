// What the page is told, and what its modules hand to one another; types alone, for `tsc`.

/** @typedef {Uint8Array|Int32Array|Float32Array|Float64Array} Numbers */

/**
 * A fully connected layer.
 * @typedef {object} Layer
 * @property {number} inputs
 * @property {number} outputs
 * @property {string} activation
 */

/**
 * What a layer's weights and biases start with: the bound of a uniform distribution, or the
 * deviation of a normal one.
 * @typedef {{weights: number, biases: number, normal: boolean}} LayerStart
 */

/**
 * The shape of a network.
 * @typedef {object} Shape
 * @property {string} name such as 784-128-10
 * @property {Layer[]} layers
 * @property {boolean} layerNorm
 * @property {number} leakySlope
 * @property {string} loss
 * @property {"softmax"|"sigmoid"|"identity"|"exp"} output
 * @property {"classes"|"labels"|"measured"} kind
 * @property {number} parameters of one network, N
 * @property {{size: number, weightsAt: number[], scalesAt: number[]}} layout on the device
 * @property {Record<string, unknown>} settings of a model file with this shape
 * @property {LayerStart[]} start
 * @property {string} dropout base64 of the DropoutRate records of one network
 */

/**
 * A feature of a table, or several that stand for one column.
 * @typedef {object} Control
 * @property {string} name
 * @property {"number"|"choice"} kind
 * @property {[number, number]} features the first one, and how many
 * @property {number} low the least value of the training samples
 * @property {number} high the greatest one
 * @property {number} usual the median, or the number of the most frequent choice
 * @property {boolean} whole whether all values are whole numbers
 * @property {string[]} choices
 * @property {boolean} missing whether the value may be missing
 * @property {number} unit what a value is multiplied by before it is prepared: 1 / 255 for bytes
 * @property {boolean} guessed whether there were no training samples to take the values from
 */

/**
 * @typedef {object} ModelData
 * @property {Shape} shape
 * @property {number} networks P
 * @property {number} seed
 * @property {string[]} classes
 * @property {string[]} targets
 * @property {[number, number]|null} image height and width
 * @property {[number, number]} levels what black and white are
 * @property {boolean} inverted
 * @property {{box: number, paper: number, ink: number}|null} framing
 * @property {"bytes"|"floats"} features how prepared samples lie on the device
 * @property {boolean} scaled whether there is a block "scaling"
 * @property {boolean} clips
 * @property {{mean: number[], deviation: number[]}|null} targetScaling
 * @property {Control[]} controls
 * @property {string} trainedOn
 * @property {number} bestEpoch
 * @property {{loss: number|null, accuracy: number|null, r2: number|null, rmse: number|null, mae: number|null}} test
 */

/**
 * @typedef {object} Binding
 * @property {number} number
 * @property {string} name of the shaders' variable
 * @property {"uniform"|"read-only-storage"|"storage"} access
 */

/**
 * @typedef {object} Pass
 * @property {string} label
 * @property {number} shader its number among PageData.shaders
 * @property {Record<string, number>} constants the override constants
 * @property {[number, number, number]} workgroups
 * @property {Binding[]} bindings
 */

/**
 * @typedef {object} Program
 * @property {Pass[]} passes
 * @property {{name: string, bytes: number, holds: string, usage: "storage"|"uniform"}[]} buffers
 * @property {string[]} features WGSL extensions that the shaders need
 * @property {number} rows of a full batch
 * @property {number} values numbers of activations and derivatives of one network
 * @property {number} probabilities_at where the answers start within them
 * @property {boolean} many_steps whether the only pass takes as many steps as are asked for
 */

/**
 * A program of the menu: a training step, or without an optimizer the scoring of a batch.
 * @typedef {object} Entry
 * @property {number} shape its number among PageData.shapes
 * @property {number} population
 * @property {boolean} software whether it is meant for a processor in place of a GPU
 * @property {string|null} optimizer
 * @property {Program} program
 */

/**
 * @typedef {object} OptimizerData
 * @property {string} name
 * @property {string} rule
 * @property {boolean} own whether the model was trained with it
 * @property {number} learningRate
 * @property {number} moments
 * @property {number} beta1
 * @property {number} beta2
 * @property {Record<string, unknown>} settings of a model file that was trained with it
 * @property {string} network base64 of one `struct Network`; its seed, samples and first_step are filled in
 */

/**
 * @typedef {object} SamplesData
 * @property {string} name
 * @property {string} source
 * @property {string|null} license
 * @property {number} train samples in the page to train on
 * @property {number} test samples in the page to score
 * @property {number} allTest test samples that there are in all
 * @property {number} weights numbers behind each training label
 * @property {number} testWeights
 */

/**
 * What a downloaded model file says of the model beside its numbers, see gpunet/artifacts/model_file.py.
 * @typedef {object} FileData
 * @property {Record<string, any>} description of the model as it came
 * @property {Record<string, unknown>} trained settings of all that is trained in the page
 * @property {boolean} fills whether the last row of the block "scaling" is a tensor of its own
 */

/**
 * @typedef {object} PageData
 * @property {string} title
 * @property {string} description
 * @property {string} version of gpunet
 * @property {ModelData} model
 * @property {SamplesData|null} data
 * @property {FileData} file
 * @property {string[]} shaders WGSL
 * @property {Shape[]} shapes the first one is the model's own
 * @property {OptimizerData[]} optimizers the first one is the model's own
 * @property {{bytes: number, fields: Record<string, {at: number, type: "u32"|"f32"}>}} network the layout of `struct Network`
 * @property {number} batchSize
 * @property {number} population networks side by side, with different learning rates
 * @property {number} taught rows behind the training samples
 * @property {Entry[]} programs
 */

/** @typedef {{data: PageData, blocks: Map<string, Numbers>}} Page */

/**
 * A sample that is looked at.
 * @typedef {object} Sample
 * @property {Float32Array} features (I,) as the network takes them
 * @property {Uint8Array|null} picture (h * w,) as the network sees it, light ink on dark
 * @property {number|null} label
 * @property {"drawing"|"image"|"test"|"controls"} from
 * @property {boolean} blank nothing is drawn
 * @property {number} [row] of a test sample, its number among those of the page
 */

/**
 * What one network computed on the way to its answer.
 * @typedef {object} Trace
 * @property {Float32Array[]} preactivations of each layer, before norm and activation
 * @property {Float32Array[]} activations of each hidden layer
 * @property {Float32Array} outputs (C,)
 */

/**
 * @typedef {object} Answer
 * @property {Sample} sample
 * @property {Float32Array} outputs (C,) the mean over the networks
 * @property {Float32Array[]} members (P,) of (C,)
 * @property {Trace[]} traces (P,)
 * @property {number} milliseconds
 * @property {string} device in words
 */

/**
 * How networks were trained in the page.
 * @typedef {object} Trained
 * @property {string} optimizer
 * @property {number} learningRate the last one
 * @property {number} seed of the first network
 * @property {number} epochs in the page
 */

/**
 * @typedef {object} Networks
 * @property {Shape} shape
 * @property {Float32Array} parameters (P * N,)
 * @property {number} networks P
 * @property {Trained|null} [trained] null: as they came with the page
 */

export {};
