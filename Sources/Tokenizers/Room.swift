// The Tokenizers room: see docs/ARCHITECTURE.md.
