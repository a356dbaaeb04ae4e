"""The face for other programs: an OpenAI-compatible server, its Python client, and the tools for MCP clients."""
