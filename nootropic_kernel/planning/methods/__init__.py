"""The library of methods: how projects, stories and tasks are broken down, and what their texts may name."""
