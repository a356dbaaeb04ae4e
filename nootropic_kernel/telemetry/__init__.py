"""What happened and how long it took: spans kept in the workspace. This room measures and tells; it never acts."""
