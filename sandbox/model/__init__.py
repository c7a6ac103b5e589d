"""A model API with four surfaces: OpenAI's, Anthropic's, Google's and Cursor's."""
