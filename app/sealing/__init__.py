"""The record, sealed: who holds the database alone reads nothing of what was said.

Theory of operation. Each person has a *data key*, which seals what they sent and were answered
(AES-256-GCM, a random nonce for each piece). The database has it only wrapped by a *master key*,
which is never in the database: it is in the settings, in a file, or in a service of its own. What
is sealed names its data key, and is bound to the document that it is in.

- To rotate the master key, the data keys are wrapped again; nothing that they seal is touched.
- To erase a person, their wrapped data keys are destroyed, and nobody can open what they sealed:
  also not in a backup, as long as the master key that wrapped them there is gone by then.
"""
