"""The Web API: `/api/<method>`, its table of methods and what each does."""
