// The Placement room: see docs/ARCHITECTURE.md.
