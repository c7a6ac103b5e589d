"""What must be posted, once and in order.

Theory of operation
-------------------
Slack is never told about a change. It is compared with the database until it shows the same. A
lost event, a crash or a refused call therefore costs time, and never a wrong card.

- *Notice*: a document for each message that should exist: a card, a reply, a direct message. It
  has the channel and time of the message once that is posted, and a fingerprint of what it shows.
- *Plan*: for a hold as it is stored, `messages` says which messages should exist and what they
  should say. Each one that is missing or has another fingerprint is a job.
- *Queue*: each channel has a lane of jobs (`channel_queue`), which goes at the pace Slack allows.
  A job holds no text: when its turn comes, the hold is read again, so no message is out of date.
- *Lease*: before a call to Slack, the notice is leased for a short time under a new token. Another
  bot that comes to the same notice leaves it alone until the lease ends.
- *Fence*: the result of the call is written only if the notice still has that token. If another
  bot has taken over meanwhile, the write is refused, and the message that came late is deleted.

For example, hold 7 was opened, and bot A dies while it posts the card:

    A  plans: the card is missing; creates its notice, leases it (token a), calls Slack, dies
    B  is on duty after 4 seconds without a sign of life from A (`leader`)
    B  plans: the notice is leased, so it waits until the lease is over
    B  looks in the channel for a message with the notice's id in its metadata
       found: records channel and time with its own lease (token b), and edits the card if need be
       not found: posts the card, and records that
    A  was only slow: its result comes with token a, is refused, and A deletes what it posted

A hold is settled once it is over and every message says so; it is not looked at again.
"""
