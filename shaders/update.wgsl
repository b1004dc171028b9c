// uses sample.wgsl
// The last pass of a step, over all layers at once: gradient[i, o] = sum over b of inputs[b, i]
// * deltas[b, o], handed to the optimizer as soon as it is known, so that no gradient is stored.
// The biases are the weights of one more input that is always 1.

struct LayerPlace {
    first_tile: u32,       // workgroups that work on the layers before
    column_tiles: u32,     // workgroups side by side
    inputs: u32,
    outputs: u32,
    weights_at: u32,       // where the (I + 1, O) block starts within N
    inputs_at: u32,        // where (B, I) starts within V; not used by the first layer
    deltas_at: u32,        // where (B, O) starts within V
    reserved: u32,
}

@group(0) @binding(0) var<storage, read_write> parameters: array<f32>;         // (P, N)
@group(0) @binding(3) var<storage, read> values: array<f32>;                   // (P, V)
@group(0) @binding(7) var<storage, read> schedule: array<vec4f>;               // (P, S)
@group(0) @binding(8) var<storage, read> networks: array<Network>;             // (P,)
@group(0) @binding(10) var<uniform> layers: array<LayerPlace, 64>;             // (L,)

override LAYERS: u32;
override PARAMETERS: u32;          // N
override VALUES: u32;              // V

// The step of this epoch that is under way; the head has counted it already.
fn this_step(network: u32) -> u32 {
    return networks[network].finished - 1u;
}

fn locate(group: vec3u, thread: vec2u) -> Place {
    var layer = 0u;
    while (layer + 1u < LAYERS && group.x >= layers[layer + 1u].first_tile) {
        layer++;
    }
    let tile = group.x - layers[layer].first_tile;
    let columns = layers[layer].column_tiles;
    return Place(group.z, (tile / columns) * TILE_ROWS + thread.y * THREAD_ROWS,
                 (tile % columns) * TILE_COLUMNS + thread.x * THREAD_COLUMNS, ROWS, layer);
}

fn left_rows(place: Place, row: u32) -> vec4u {
    return vec4u(0u);
}

// inputs[k .. k + 3, row .. row + 3], a column of the matrix per k: a sample's four inputs.
fn left_block(place: Place, unused: vec4u, row: u32, k: u32) -> mat4x4f {
    return mat4x4f(
        four_inputs(place, row, k),
        four_inputs(place, row, k + 1u),
        four_inputs(place, row, k + 2u),
        four_inputs(place, row, k + 3u));
}

fn four_inputs(place: Place, row: u32, k: u32) -> vec4f {
    let inputs = layers[place.layer].inputs;
    var four: vec4f;
    if (place.layer == 0u) {
        let finished = this_step(place.network);
        let sample = sample_row(place.network, finished, k);
        four = sample_features(networks[place.network], finished, sample, k, row);
    } else {
        let at = place.network * VALUES + layers[place.layer].inputs_at
            + min(k, ROWS - 1u) * inputs + row;
        four = vec4f(values[at], values[at + 1u], values[at + 2u], values[at + 3u]);
    }
    return select(four, vec4f(1.0), vec4u(row) + vec4u(0u, 1u, 2u, 3u) == vec4u(inputs));
}

// deltas[k .. k + 3, column .. column + 3], a column of the matrix per k.
fn right_block(place: Place, k: u32, column: u32) -> mat4x4f {
    let outputs = layers[place.layer].outputs;
    let at = place.network * VALUES + layers[place.layer].deltas_at + k * outputs + column;
    return mat4x4f(
        four_deltas(at, k),
        four_deltas(at + outputs, k + 1u),
        four_deltas(at + 2u * outputs, k + 2u),
        four_deltas(at + 3u * outputs, k + 3u));
}

fn four_deltas(at: u32, k: u32) -> vec4f {
    if (ROWS % 4u != 0u && k >= ROWS) {
        return vec4f(0.0);
    }
    return vec4f(values[at], values[at + 1u], values[at + 2u], values[at + 3u]);
}

fn store_block(place: Place, row: u32, column: u32, gradient: mat4x4f) {
    store_row(place, row, column, gradient[0]);
    store_row(place, row + 1u, column, gradient[1]);
    store_row(place, row + 2u, column, gradient[2]);
    store_row(place, row + 3u, column, gradient[3]);
}

fn store_row(place: Place, row: u32, column: u32, gradient: vec4f) {
    let layer = layers[place.layer];
    if (row > layer.inputs) {
        return;
    }
    let at = place.network * PARAMETERS + layer.weights_at + row * layer.outputs + column;
    for (var c = 0u; c < 4u; c++) {
        if (column + c < layer.outputs) {
            optimize(place.network, at + c, gradient[c]);
        }
    }
}

// Learning rate and the corrections of the moments' bias, in this step.
fn schedule_step(network: u32) -> vec4f {
    let steps = (batch.samples + ROWS - 1u) / ROWS;
    return schedule[network * steps + this_step(network)];
}
