"""A Slack workspace to test and to play with: the real protocol on real sockets.

`server.py` starts it, `driver.py` plays the people in it, `seed.py` says who they are.
"""

from sandbox.slack.state.seed import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET

__all__ = ["APP_TOKEN", "BOT_TOKEN", "SIGNING_SECRET"]
