"""Stand-ins for model servers that cannot run here, each a process of its own, written from the vendor's public API
documents. They share no code with our backends; what they say is made up by :mod:`tests.models.protocols.toy`."""
