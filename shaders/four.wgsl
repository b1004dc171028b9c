// A parameter and what the optimizer keeps of it, alone and as four neighbors.

struct One {
    parameter: f32,
    first: f32,         // moments; those that a rule has no use for stay as they are
    second: f32,
}

struct Four {
    parameters: vec4f,
    first: vec4f,
    second: vec4f,
}
