// The Simulation room: see docs/ARCHITECTURE.md.
