#include "CModel.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// The compiler reads the file itself, so a change of the model builds again on its own.
_Alignas(64) static const unsigned char model[] = {
#embed "model/boredling.gguf"
};

const unsigned char *bored_model_bytes(void) { return model; }

unsigned long bored_model_byte_count(void) { return sizeof model; }
