"""A model API with three surfaces: OpenAI's, Anthropic's and Cursor's."""
