"""The engine on an adapter: it runs a plan of compute passes through wgpu."""
