"""Language models: the contract, the embedded engine and its process, HTTP backends, choice, catalogue, download."""
