// The Runtime room: see docs/ARCHITECTURE.md.
