// The contenders of benchmarks/page.py in the browser: each trains the same network from the same
// weights on the same batches, in the same order, with Adam, and tells what so many steps took.
//
// The libraries get their batches ready on the device, which no real training has; gpunet's page
// gathers its own from all samples, as it does in any training.

import { PageEngine } from "/engine.js";
import { layerViews } from "/parameters.js";
import { deviceSamples } from "/samples.js";

const RATE = 1e-3;
const BETAS = [0.9, 0.999];
const EPSILON = 1e-8;

/** What each contender starts from: layers, batches of floats and of labels. */
function task(told) {
  const { shape } = told.data.model;
  const inputs = shape.layers[0].inputs;
  const rows = told.data.batchSize;
  const features = told.blocks.get("train.features");
  const labels = told.blocks.get("train.labels");
  const layers = layerViews(shape, told.blocks.get("parameters"))
    .map(({ weights, biases }, at) => ({ weights, biases, ...shape.layers[at] }));
  const batches = Array.from({ length: Math.floor(labels.length / rows) }, (_, batch) => ({
    features: Float32Array.from(features.subarray(batch * rows * inputs, (batch + 1) * rows * inputs), (one) => one / 255),
    labels: labels.slice(batch * rows, (batch + 1) * rows),
  }));
  return { layers, batches, rows, inputs, classes: layers.at(-1).outputs };
}

export async function gpunet(told, gpu) {
  const engine = new PageEngine(told, gpu, { shape: told.data.model.shape, seeds: [0], optimizer: "adam" });
  engine.load("train", deviceSamples(told, "train", told.data.taught));
  await engine.prepareTraining();
  const count = told.data.data.train;
  return async (steps) => {
    const order = Uint32Array.from({ length: steps * told.data.batchSize }, (_, at) => at % count);
    const most = count + told.data.taught;
    let [seconds, done, loss] = [0, 0, 0];
    engine.setParameters(told.blocks.get("parameters"));
    while (done < steps) { // epochs of as many steps as the page's order has room for
      const now = Math.min(steps - done, Math.floor(most / told.data.batchSize));
      const rows = order.subarray(done * told.data.batchSize, (done + now) * told.data.batchSize);
      engine.beginEpoch([rows], [new Float64Array(now).fill(RATE)], done);
      await engine.metrics();
      const began = performance.now();
      engine.train(now);
      loss = (await engine.metrics()).losses[0];
      seconds += (performance.now() - began) / 1000;
      done += now;
    }
    return { seconds, loss };
  };
}

export async function jaxJs(told, device) {
  const { init, defaultDevice, jit, nn, numpy: np, tree, valueAndGrad, blockUntilReady } = await import("/npm/@jax-js/jax/dist/index.js");
  await init(device);
  defaultDevice(device);
  const { layers, batches, rows, inputs, classes } = task(told);
  const ready = batches.map((one) => ({
    x: np.array(one.features).reshape([rows, inputs]),
    y: nn.oneHot(np.array(one.labels), classes),
  }));
  const loss = (parameters, x, y) => {
    parameters.forEach(([weights, biases], at) => {
      x = np.matmul(x, weights).add(biases);
      if (at < parameters.length - 1) x = nn.relu(x);
    });
    return nn.logSoftmax(x).mul(y).sum().mul(-1 / rows);
  };
  const step = jit((parameters, first, second, factors, x, y) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(parameters), x, y);
    const moved = { parameters: [], first: [], second: [] };
    parameters.forEach((layer, at) => {
      const all = layer.map((parameter, part) => {
        const gradient = gradients[at][part];
        const m = first[at][part].mul(BETAS[0]).add(gradient.ref.mul(1 - BETAS[0]));
        const v = second[at][part].mul(BETAS[1]).add(gradient.ref.mul(gradient).mul(1 - BETAS[1]));
        const scaled = m.ref.mul(factors.ref.slice(0)).div(np.sqrt(v.ref.mul(factors.ref.slice(1))).add(EPSILON));
        return [parameter.sub(scaled.mul(RATE)), m, v];
      });
      moved.parameters.push(all.map(([one]) => one));
      moved.first.push(all.map(([, one]) => one));
      moved.second.push(all.map(([, , one]) => one));
    });
    factors.dispose();
    return [moved.parameters, moved.first, moved.second, value];
  });
  return async (steps) => {
    const zeros = () => layers.map(({ inputs, outputs }) => [np.zeros([inputs, outputs]), np.zeros([outputs])]);
    let parameters = layers.map(({ weights, biases, inputs, outputs }) => [np.array(weights.slice()).reshape([inputs, outputs]), np.array(biases.slice())]);
    let [first, second, value] = [zeros(), zeros(), null];
    await blockUntilReady([parameters, first, second]);
    const began = performance.now();
    for (let at = 0; at < steps; at++) {
      const factors = np.array(Float32Array.of(1 / (1 - BETAS[0] ** (at + 1)), 1 / (1 - BETAS[1] ** (at + 1))));
      const { x, y } = ready[at % ready.length];
      value?.dispose();
      [parameters, first, second, value] = step(parameters, first, second, factors, x.ref, y.ref);
    }
    const last = (await value.data())[0];
    const seconds = (performance.now() - began) / 1000;
    tree.dispose([parameters, first, second]);
    return { seconds, loss: last };
  };
}

export async function tensorFlow(told, backend) {
  const tf = globalThis.tf;
  await tf.setBackend(backend);
  await tf.ready();
  const { layers, batches, rows, inputs, classes } = task(told);
  const ready = batches.map((one) => ({
    x: tf.tensor2d(one.features, [rows, inputs]),
    y: tf.oneHot(tf.tensor1d(one.labels, "int32"), classes).toFloat(),
  }));
  return async (steps) => {
    const parameters = layers.map(({ weights, biases, inputs, outputs }) => [
      tf.variable(tf.tensor2d(weights, [inputs, outputs])), tf.variable(tf.tensor1d(biases)),
    ]);
    const optimizer = tf.train.adam(RATE, ...BETAS, EPSILON);
    const loss = ({ x, y }) => {
      let values = x;
      parameters.forEach(([weights, biases], at) => {
        values = values.matMul(weights).add(biases);
        if (at < parameters.length - 1) values = values.relu();
      });
      return tf.losses.softmaxCrossEntropy(y, values);
    };
    await parameters.at(-1)[0].data();
    let value = null;
    const began = performance.now();
    for (let at = 0; at < steps; at++) {
      value?.dispose();
      value = optimizer.minimize(() => loss(ready[at % ready.length]), true, parameters.flat());
    }
    const last = (await value.data())[0];
    const seconds = (performance.now() - began) / 1000;
    value.dispose();
    tf.dispose(parameters);
    optimizer.dispose();
    return { seconds, loss: last };
  };
}
