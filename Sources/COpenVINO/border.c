// OpenVINO's functions that are used, each passed on to the library, which is loaded at the first call: the server never runs a network,
// and the library would cost it memory and time at every start.
#include "shim.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

static void *library;
static pthread_once_t once = PTHREAD_ONCE_INIT;

// Found by the program's rpath, else where the system's loader looks.
static void load(void) { library = dlopen("libopenvino_c.so", RTLD_NOW | RTLD_LOCAL); }

static void *find(const char *name) {
    pthread_once(&once, load);
    return library ? dlsym(library, name) : NULL;
}

// Without the library a call fails as OpenVINO's own do.
#define STATUS(name, parameters, ...)                                 \
    ov_status_e name parameters {                                     \
        __typeof__(&name) call = (__typeof__(&name))find(#name);      \
        return call ? call(__VA_ARGS__) : GENERAL_ERROR;              \
    }
#define RELEASE(name, parameters, argument)                           \
    void name parameters {                                            \
        __typeof__(&name) call = (__typeof__(&name))find(#name);      \
        if (call) call(argument);                                     \
    }

const char *ov_get_last_err_msg(void) {
    const char *(*call)(void) = (const char *(*)(void))find("ov_get_last_err_msg");
    return call ? call() : "the library libopenvino_c.so is not there";
}

RELEASE(ov_free, (const char *content), content)

STATUS(ov_core_create, (ov_core_t **core), core)
RELEASE(ov_core_free, (ov_core_t *core), core)
STATUS(ov_core_get_property, (const ov_core_t *core, const char *device, const char *key, char **value), core, device, key, value)
STATUS(ov_core_compile_model_from_file_props,
       (const ov_core_t *core, const char *path, const char *device, const size_t count, const ov_property_t *properties,
        ov_compiled_model_t **model),
       core, path, device, count, properties, model)

STATUS(ov_compiled_model_create_infer_request, (const ov_compiled_model_t *model, ov_infer_request_t **request), model, request)
RELEASE(ov_compiled_model_free, (ov_compiled_model_t *model), model)

STATUS(ov_infer_request_set_tensor, (ov_infer_request_t *request, const char *name, const ov_tensor_t *tensor), request, name, tensor)
STATUS(ov_infer_request_get_tensor, (const ov_infer_request_t *request, const char *name, ov_tensor_t **tensor), request, name, tensor)
STATUS(ov_infer_request_set_callback, (ov_infer_request_t *request, const ov_callback_t *callback), request, callback)
STATUS(ov_infer_request_start_async, (ov_infer_request_t *request), request)
STATUS(ov_infer_request_wait, (ov_infer_request_t *request), request)
STATUS(ov_infer_request_cancel, (ov_infer_request_t *request), request)
RELEASE(ov_infer_request_free, (ov_infer_request_t *request), request)

STATUS(ov_shape_create, (const int64_t rank, const int64_t *dimensions, ov_shape_t *shape), rank, dimensions, shape)
STATUS(ov_shape_free, (ov_shape_t *shape), shape)
STATUS(ov_tensor_create, (const ov_element_type_e type, const ov_shape_t shape, ov_tensor_t **tensor), type, shape, tensor)
STATUS(ov_tensor_data, (const ov_tensor_t *tensor, void **data), tensor, data)
STATUS(ov_tensor_get_size, (const ov_tensor_t *tensor, size_t *count), tensor, count)
RELEASE(ov_tensor_free, (ov_tensor_t *tensor), tensor)
