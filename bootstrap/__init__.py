"""What `make demo` and `make test` install with: standard library only, because nothing is installed yet."""
