// The Sessions room: see docs/ARCHITECTURE.md.
