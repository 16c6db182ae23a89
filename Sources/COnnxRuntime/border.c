#include "onnxruntime.h"

const char *ort_bootstrapped_library(void) { return ONNXRUNTIME_BOOTSTRAPPED; }
