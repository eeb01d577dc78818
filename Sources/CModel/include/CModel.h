#pragma once

/// The bytes of the built-in model, a whole GGUF file; they live as long as the process.
extern const unsigned char *bored_model_bytes(void);

/// How many bytes there are.
extern unsigned long bored_model_byte_count(void);
