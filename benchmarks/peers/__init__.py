"""The alternatives to gpunet, given the same work, one library per file.

``task`` defines the work and ``interface`` the methods of a peer; ``catalog`` lists the peers and
the devices of this machine. Each runs in a process of its own (``worker``), which ``contender``
starts and asks. The scripts in the folder above compare them.
"""
