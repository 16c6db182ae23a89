#include "onnxruntime.h"

const char *ort_bootstrapped_library(void) {
#ifdef ONNXRUNTIME_BOOTSTRAPPED
    return ONNXRUNTIME_BOOTSTRAPPED;
#else
    return 0;
#endif
}
