/* input_option.h -- an input out of a word of the command line. */
#ifndef INPUT_OPTION_H
#define INPUT_OPTION_H

#include "doc.h"

/* "FAMILY", "FAMILY,setting=value,...", or "FILE.safetensors" for "file,path=FILE.safetensors": the input as plans have
   it, with every default, as inputs.h takes it. A wrong word ends the program with exit code 2. */
struct doc *input_option(const char *option, const char *word);

#endif
