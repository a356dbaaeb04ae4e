"""What anybody wants to change: ChangeSets, hunks, the proposal store, accept and undo."""
