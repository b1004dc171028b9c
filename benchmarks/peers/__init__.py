"""What people would pick instead of gpunet, asked to do the same work, one library a file.

``task`` says what the work is and ``interface`` what a peer has to offer; ``catalog`` knows the
peers and the devices of this machine. Each runs in a process of its own (``worker``), which
``contender`` starts and asks. The scripts in the folder above compare them.
"""
