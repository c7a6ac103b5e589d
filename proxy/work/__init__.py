"""Where the work on a message is done: on the loop, in a thread, or in another process."""
