#include "Border.hpp"

#include "itkDiscreteGaussianImageFilter.h"
#include "itkRecursiveGaussianImageFilter.h"

using FloatImage = itk::Image<float, 3>;

citk_status citk_smooth_discrete(
    const int32_t size[3], const double spacing[3], const double sigma[3], const float *input, float *output,
    citk_error *error)
{
    return citk::guarded(error, [&] {
        using Filter = itk::DiscreteGaussianImageFilter<FloatImage, FloatImage>;
        auto filter = Filter::New();
        typename Filter::ArrayType variance;
        for (unsigned axis = 0; axis < 3; ++axis) variance[axis] = sigma[axis] * sigma[axis];
        auto image = citk::wrap(input, size, spacing);
        filter->SetInput(image);
        filter->SetVariance(variance);
        filter->SetMaximumError(0.01);
        filter->SetMaximumKernelWidth(32);
        filter->SetUseImageSpacing(true);
        filter->Update();
        citk::copy(filter->GetOutput(), output);
        return CITK_OK;
    });
}

citk_status citk_smooth_recursive(
    const int32_t size[3], const double spacing[3], const double sigma[3], const float *input, float *output,
    citk_error *error)
{
    return citk::guarded(error, [&] {
        FloatImage::Pointer image = citk::wrap(input, size, spacing);
        // The order of ITK's SmoothingRecursiveGaussian, so that all axes together give its bits.
        for (unsigned axis : {2u, 0u, 1u}) {
            if (sigma[axis] <= 0) continue;
            auto filter = itk::RecursiveGaussianImageFilter<FloatImage, FloatImage>::New();
            filter->SetInput(image);
            filter->SetDirection(axis);
            filter->SetZeroOrder();
            filter->SetSigma(sigma[axis]);
            filter->Update();
            image = filter->GetOutput();
            image->DisconnectPipeline();
        }
        citk::copy(image.GetPointer(), output);
        return CITK_OK;
    });
}
