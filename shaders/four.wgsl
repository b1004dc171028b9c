// A parameter and its optimizer state, alone and as four neighbors.

struct One {
    parameter: f32,
    first: f32,         // moments; a rule leaves unused ones unchanged
    second: f32,
}

struct Four {
    parameters: vec4f,
    first: vec4f,
    second: vec4f,
}
