// Four parameters, and what the optimizer keeps of each.

struct Four {
    parameters: vec4f,
    first: vec4f,       // moments; those that a rule has no use for stay as they are
    second: vec4f,
}
