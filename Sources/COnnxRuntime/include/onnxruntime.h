// The part of ONNX Runtime's C API that Inference uses, declared here since its wheels hold no headers and the library is loaded at
// run time. `OrtApi` is a table of functions; later versions append to it and never move an entry. The number in each call is the
// entry's place in the `OrtApi` of onnxruntime_c_api.h. A status is NULL where all went well and else belongs to the caller.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The version of the API that release 1.17 brought, the first with `use_tf32` and deterministic kernels.
#define ORT_API_USED 17
#define ORT_LOG_NOTHING_BUT_FATAL 4
#define ORT_FLOAT 1
#define ORT_ARENA_ALLOCATOR 1
#define ORT_DEFAULT_MEMORY 0

typedef struct OrtApi OrtApi;
typedef struct OrtStatus OrtStatus;
typedef struct OrtEnv OrtEnv;
typedef struct OrtSession OrtSession;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtValue OrtValue;
typedef struct OrtTensorInfo OrtTensorInfo;
typedef struct OrtCUDAOptions OrtCUDAOptions;

/// What the library's only exported function, `OrtGetApiBase`, returns.
typedef struct {
    const OrtApi *(*api)(uint32_t version);
    const char *(*version)(void);
} OrtApiBase;

/// Where scripts/bootstrap links the library of the wheel; null in a program that is built for other machines.
const char *ort_bootstrapped_library(void);

#define ORT_ENTRY(place, result, ...) ((result(*)(__VA_ARGS__))((void *const *)api)[place])
#define ORT_STATUS(place, ...) ORT_ENTRY(place, OrtStatus *, __VA_ARGS__)

/// `entry` is the address of `OrtGetApiBase`; NULL where the library is older than `ORT_API_USED`.
static inline const OrtApi *ort_api(void *entry, const char **version) {
    const OrtApiBase *base = ((const OrtApiBase *(*)(void))entry)();
    *version = base->version();
    return base->api(ORT_API_USED);
}

static inline int ort_status_code(const OrtApi *api, const OrtStatus *status) {
    return ORT_ENTRY(1, int, const OrtStatus *)(status);
}
static inline const char *ort_status_message(const OrtApi *api, const OrtStatus *status) {
    return ORT_ENTRY(2, const char *, const OrtStatus *)(status);
}
static inline OrtStatus *ort_create_env(const OrtApi *api, int log_level, const char *name, OrtEnv **made) {
    return ORT_STATUS(3, int, const char *, OrtEnv **)(log_level, name, made);
}
static inline OrtStatus *ort_create_session(
    const OrtApi *api, const OrtEnv *env, const char *file, const OrtSessionOptions *options, OrtSession **made) {
    return ORT_STATUS(7, const OrtEnv *, const char *, const OrtSessionOptions *, OrtSession **)(env, file, options, made);
}
static inline OrtStatus *ort_run(
    const OrtApi *api, OrtSession *session, const OrtRunOptions *options, const char *const *input_names,
    const OrtValue *const *inputs, size_t input_count, const char *const *output_names, size_t output_count,
    OrtValue **outputs) {
    return ORT_STATUS(
        9, OrtSession *, const OrtRunOptions *, const char *const *, const OrtValue *const *, size_t, const char *const *, size_t,
        OrtValue **)(session, options, input_names, inputs, input_count, output_names, output_count, outputs);
}
static inline OrtStatus *ort_create_session_options(const OrtApi *api, OrtSessionOptions **made) {
    return ORT_STATUS(10, OrtSessionOptions **)(made);
}
static inline OrtStatus *ort_set_threads(const OrtApi *api, OrtSessionOptions *options, int count) {
    return ORT_STATUS(24, OrtSessionOptions *, int)(options, count);
}
static inline OrtStatus *ort_set_deterministic(const OrtApi *api, OrtSessionOptions *options, bool is_deterministic) {
    return ORT_STATUS(273, OrtSessionOptions *, bool)(options, is_deterministic);
}
static inline OrtStatus *ort_create_run_options(const OrtApi *api, OrtRunOptions **made) {
    return ORT_STATUS(39, OrtRunOptions **)(made);
}
/// May be called while the run goes on; it ends before its next operation.
static inline OrtStatus *ort_terminate(const OrtApi *api, OrtRunOptions *options) {
    return ORT_STATUS(46, OrtRunOptions *)(options);
}
/// Does not copy: `data` must outlive the tensor.
static inline OrtStatus *ort_create_tensor(
    const OrtApi *api, const OrtMemoryInfo *memory, float *data, size_t bytes, const int64_t *shape, size_t rank, OrtValue **made) {
    return ORT_STATUS(49, const OrtMemoryInfo *, void *, size_t, const int64_t *, size_t, int, OrtValue **)(
        memory, data, bytes, shape, rank, ORT_FLOAT, made);
}
static inline OrtStatus *ort_tensor_data(const OrtApi *api, OrtValue *value, void **data) {
    return ORT_STATUS(51, OrtValue *, void **)(value, data);
}
static inline OrtStatus *ort_tensor_info(const OrtApi *api, const OrtValue *value, OrtTensorInfo **made) {
    return ORT_STATUS(65, const OrtValue *, OrtTensorInfo **)(value, made);
}
static inline OrtStatus *ort_element_type(const OrtApi *api, const OrtTensorInfo *info, int *type) {
    return ORT_STATUS(60, const OrtTensorInfo *, int *)(info, type);
}
static inline OrtStatus *ort_element_count(const OrtApi *api, const OrtTensorInfo *info, size_t *count) {
    return ORT_STATUS(64, const OrtTensorInfo *, size_t *)(info, count);
}
static inline OrtStatus *ort_create_cpu_memory_info(const OrtApi *api, OrtMemoryInfo **made) {
    return ORT_STATUS(69, int, int, OrtMemoryInfo **)(ORT_ARENA_ALLOCATOR, ORT_DEFAULT_MEMORY, made);
}
static inline OrtStatus *ort_create_cuda_options(const OrtApi *api, OrtCUDAOptions **made) {
    return ORT_STATUS(205, OrtCUDAOptions **)(made);
}
static inline OrtStatus *ort_set_cuda_option(const OrtApi *api, OrtCUDAOptions *options, const char *key, const char *value) {
    return ORT_STATUS(206, OrtCUDAOptions *, const char *const *, const char *const *, size_t)(options, &key, &value, 1);
}
static inline OrtStatus *ort_append_cuda(const OrtApi *api, OrtSessionOptions *options, const OrtCUDAOptions *cuda) {
    return ORT_STATUS(204, OrtSessionOptions *, const OrtCUDAOptions *)(options, cuda);
}

// Each accepts NULL.
static inline void ort_release_env(const OrtApi *api, OrtEnv *env) { ORT_ENTRY(92, void, OrtEnv *)(env); }
static inline void ort_release_status(const OrtApi *api, OrtStatus *status) { ORT_ENTRY(93, void, OrtStatus *)(status); }
static inline void ort_release_memory_info(const OrtApi *api, OrtMemoryInfo *info) { ORT_ENTRY(94, void, OrtMemoryInfo *)(info); }
static inline void ort_release_session(const OrtApi *api, OrtSession *session) { ORT_ENTRY(95, void, OrtSession *)(session); }
static inline void ort_release_value(const OrtApi *api, OrtValue *value) { ORT_ENTRY(96, void, OrtValue *)(value); }
static inline void ort_release_run_options(const OrtApi *api, OrtRunOptions *options) { ORT_ENTRY(97, void, OrtRunOptions *)(options); }
static inline void ort_release_tensor_info(const OrtApi *api, OrtTensorInfo *info) { ORT_ENTRY(99, void, OrtTensorInfo *)(info); }
static inline void ort_release_session_options(const OrtApi *api, OrtSessionOptions *options) {
    ORT_ENTRY(100, void, OrtSessionOptions *)(options);
}
static inline void ort_release_cuda_options(const OrtApi *api, OrtCUDAOptions *options) { ORT_ENTRY(208, void, OrtCUDAOptions *)(options); }
