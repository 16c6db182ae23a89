// The C border to ITK 5.2: plain arrays in, plain arrays out, no exception leaves it.
//
// Arrays hold i fastest. Affines are 3 x 4, row-major, and map voxel indices to millimetres. The functions never name an
// anatomical direction: they are right in any frame (RAS or LPS) as long as all affines of one call use the same one.
#ifndef NEUROAI_CITK_H
#define NEUROAI_CITK_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    int32_t size[3];
    double affine[12];
} citk_grid;

typedef enum { CITK_OK = 0, CITK_FAILED = 1, CITK_CANCELLED = 2, CITK_NOT_CONVERGED = 3 } citk_status;

// Filled where a function does not return CITK_OK.
typedef struct {
    char message[256];
} citk_error;

// Called now and then with the share done (0...1); the work stops with CITK_CANCELLED once it returns false. May be null.
typedef bool (*citk_progress)(void *context, double share);

// Every voxel of `to` takes the value of `from` at the same patient point, `outside` beyond its edge (half a voxel around).
citk_status citk_resample_linear(
    const citk_grid *from, const float *input, const citk_grid *to, float *output, float outside, citk_error *error);
citk_status citk_resample_nearest_float(
    const citk_grid *from, const float *input, const citk_grid *to, float *output, float outside, citk_error *error);
citk_status citk_resample_nearest(
    const citk_grid *from, const uint8_t *input, const citk_grid *to, uint8_t *output, uint8_t outside, citk_error *error);

// ITK's DiscreteGaussian (maximum error 0.01, kernels up to 32 voxels), sigma in mm along i, j, k; 0 leaves an axis as it is.
citk_status citk_smooth_discrete(
    const int32_t size[3], const double spacing[3], const double sigma[3], const float *input, float *output,
    citk_error *error);
// ITK's recursive (Deriche) Gaussian, sigma in mm along i, j, k; 0 leaves an axis as it is.
citk_status citk_smooth_recursive(
    const int32_t size[3], const double spacing[3], const double sigma[3], const float *input, float *output,
    citk_error *error);

// Otsu's threshold over a histogram of `bins` between the smallest and the largest value.
citk_status citk_otsu(const float *values, int64_t count, int32_t bins, double *threshold, citk_error *error);

// Components of the non-zero voxels, numbered from 1 by falling size (ties by their first voxel); smaller ones become 0.
citk_status citk_components(
    const int32_t size[3], const uint8_t *mask, bool diagonal, int64_t minimum_voxels, uint32_t *labels, uint32_t *count,
    citk_error *error);

// Maurer's exact signed distance in mm from each voxel centre to the mask's surface voxels, negative inside.
citk_status citk_signed_distance(
    const int32_t size[3], const double spacing[3], const uint8_t *mask, float *distance, citk_error *error);

// Each voxel takes the label of the nearest labelled voxel (Maurer per label, lower label on ties), 0 beyond `reach` mm.
citk_status citk_nearest_label(
    const int32_t size[3], const double spacing[3], const uint8_t *labels, double reach, uint8_t *output,
    citk_error *error);

// Closing of a mask with a ball of voxels (radius along i, j, k), on a padded image so that edges do not erode.
citk_status citk_close(
    const int32_t size[3], const int32_t radius[3], const uint8_t *mask, uint8_t *output, citk_error *error);
// Sets the background voxels that no 6-connected path joins to the edge of the image.
citk_status citk_fill_holes(const int32_t size[3], const uint8_t *mask, uint8_t *output, citk_error *error);

// The largest distance between two of `count` points (x, y, z each), in their unit.
double citk_largest_distance(const double *points, int64_t count);

typedef struct {
    // mm: both images are smoothed by it.
    double sigma;
    // Every how many voxels of the fixed image are compared.
    int32_t stride;
    // mm: the first and the smallest step of the optimiser.
    double first_step;
    double last_step;
    // 0...1: the step shrinks by it where the gradient turns back. A small one ends early in a narrow valley.
    double relaxation;
    int32_t maximum_iterations;
} citk_level;

typedef enum { CITK_AFFINE = 0, CITK_RIGID = 1 } citk_transform_kind;

typedef struct {
    // Mattes' mutual information in nats, negative: the smaller the better.
    double metric;
    // Over all levels.
    int32_t iterations;
} citk_optimum;

// Finds the affine or rigid map of fixed to moving patient points by Mattes' mutual information, from coarse to fine.
//
// `mask` (on the fixed grid, may be null) names the voxels to compare. `transform` is 3 x 4, row-major: the start in (a
// rotation and a shift if the map is to be rigid), the result out. One thread and no random numbers: equal input gives
// equal bits. A level that ends at its cap of iterations is CITK_NOT_CONVERGED, since such a result can be centimetres off
// without any other sign.
citk_status citk_register(
    citk_transform_kind kind, const citk_grid *fixed_grid, const float *fixed, const uint8_t *mask,
    const citk_grid *moving_grid, const float *moving, const citk_level *levels, int32_t level_count,
    double transform[12], citk_optimum *optimum, citk_progress progress, void *context, citk_error *error);

// Hands memory that is free but kept by the allocator back to the system.
void citk_release_memory(void);

#ifdef __cplusplus
}
#endif
#endif
