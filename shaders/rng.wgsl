// The counter-based generator that numpy's twin in src/gpunet/rng.py matches bit for bit.
// Source: Jarzynski & Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020, section 4.

fn pcg4d(key: vec4u) -> vec4u {
    var draw = key * 1664525u + 1013904223u;
    draw.x += draw.y * draw.w;
    draw.y += draw.z * draw.x;
    draw.z += draw.x * draw.y;
    draw.w += draw.y * draw.z;
    draw ^= draw >> vec4u(16u);
    draw.x += draw.y * draw.w;
    draw.y += draw.z * draw.x;
    draw.z += draw.x * draw.y;
    draw.w += draw.y * draw.z;
    return draw;
}
