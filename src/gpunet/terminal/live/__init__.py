"""Screens that live while work goes on: the dashboard, the leaderboard, keys and interrupts."""
