#include "Border.hpp"

#include "itkAffineTransform.h"
#include "itkLinearInterpolateImageFunction.h"
#include "itkNearestNeighborInterpolateImageFunction.h"
#include "itkResampleImageFilter.h"

namespace {

using Affine = itk::AffineTransform<double, 3>;

/// The map from `to`'s indices to `from`'s. Resampling in index space holds for any invertible affine, also sheared or
/// left-handed ones, which ITK's spacing and direction could only approximate.
Affine::Pointer indexMap(const citk_grid &from, const citk_grid &to)
{
    auto place = [](const citk_grid &grid) {
        auto affine = Affine::New();
        Affine::MatrixType matrix;
        Affine::OutputVectorType offset;
        for (unsigned row = 0; row < 3; ++row) {
            for (unsigned column = 0; column < 3; ++column) matrix[row][column] = grid.affine[4 * row + column];
            offset[row] = grid.affine[4 * row + 3];
        }
        affine->SetMatrix(matrix);
        affine->SetOffset(offset);
        return affine;
    };
    auto result = place(to);
    auto inverse = Affine::New();
    if (!place(from)->GetInverse(inverse)) itkGenericExceptionMacro("the grid's affine is singular");
    result->Compose(inverse, false);
    return result;
}

template <typename Pixel, typename Interpolator>
citk_status resample(const citk_grid *from, const Pixel *input, const citk_grid *to, Pixel *output, Pixel outside, citk_error *error)
{
    return citk::guarded(error, [&] {
        using ImageType = itk::Image<Pixel, 3>;
        auto filter = itk::ResampleImageFilter<ImageType, ImageType, double>::New();
        auto source = citk::wrap(input, from->size);
        typename ImageType::SizeType size;
        for (unsigned axis = 0; axis < 3; ++axis) size[axis] = to->size[axis];
        filter->SetInput(source);
        filter->SetSize(size);
        filter->SetTransform(indexMap(*from, *to));
        filter->SetInterpolator(Interpolator::New());
        filter->SetDefaultPixelValue(outside);
        filter->Update();
        citk::copy(filter->GetOutput(), output);
        return CITK_OK;
    });
}

using FloatImage = itk::Image<float, 3>;
using ByteImage = itk::Image<uint8_t, 3>;

} // namespace

citk_status citk_resample_linear(
    const citk_grid *from, const float *input, const citk_grid *to, float *output, float outside, citk_error *error)
{
    return resample<float, itk::LinearInterpolateImageFunction<FloatImage, double>>(from, input, to, output, outside, error);
}

citk_status citk_resample_nearest_float(
    const citk_grid *from, const float *input, const citk_grid *to, float *output, float outside, citk_error *error)
{
    return resample<float, itk::NearestNeighborInterpolateImageFunction<FloatImage, double>>(
        from, input, to, output, outside, error);
}

citk_status citk_resample_nearest(
    const citk_grid *from, const uint8_t *input, const citk_grid *to, uint8_t *output, uint8_t outside, citk_error *error)
{
    return resample<uint8_t, itk::NearestNeighborInterpolateImageFunction<ByteImage, double>>(
        from, input, to, output, outside, error);
}
