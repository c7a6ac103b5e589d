"""Sign-in for programs that bring a sign-in protocol of their own: Claude Code's `/login`.

The gateway is an OAuth authorization server to them: metadata (RFC 8414), the device flow
(RFC 8628), and refresh tokens that are used once. What a program gets is a session, an issued
credential (`app.domain.issued`) with the person's sign-in at the identity provider behind it.
"""
