"""Live screens for running work: dashboard, leaderboard, keyboard, mouse and signals."""
