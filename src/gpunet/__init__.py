"""gpunet: neural networks trained on any GPU with WGSL compute shaders.

The package's rooms, in the order in which they may import one another:
``errors``, ``resources``, ``config``, then ``parameters`` and ``datasets``, ``engine``,
``training``, then ``terminal`` and ``bench``, and ``cli`` on top.
"""

__version__ = "0.1.0"
