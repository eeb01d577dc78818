// The Commands room: see docs/ARCHITECTURE.md.
