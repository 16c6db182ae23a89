#include "Border.hpp"

#include "itkAffineTransform.h"
#include "itkCommand.h"
#include "itkEuler3DTransform.h"
#include "itkLinearInterpolateImageFunction.h"
#include "itkMattesMutualInformationImageToImageMetricv4.h"
#include "itkRecursiveGaussianImageFilter.h"
#include "itkRegistrationParameterScalesFromPhysicalShift.h"
#include "itkRegularStepGradientDescentOptimizerv4.h"

namespace {

using FloatImage = itk::Image<float, 3>;
/// The base of ITK's affine and rigid transforms.
using Transform = itk::MatrixOffsetTransformBase<double, 3, 3>;

/// Partial sums of several threads would depend on how many there are and which ends first. The setting that ITK 5.2 offers
/// for it (`SetMaximumNumberOfWorkUnits`) does not reach the number of parts that its threader makes.
class Metric : public itk::MattesMutualInformationImageToImageMetricv4<FloatImage, FloatImage> {
public:
    using Self = Metric;
    using Pointer = itk::SmartPointer<Self>;
    itkFactorylessNewMacro(Self);

protected:
    Metric()
    {
        m_SparseGetValueAndDerivativeThreader->SetNumberOfWorkUnits(1);
        m_DenseGetValueAndDerivativeThreader->SetNumberOfWorkUnits(1);
    }
};

using Optimiser = itk::RegularStepGradientDescentOptimizerv4<double>;
using Points = Metric::FixedSampledPointSetType;

FloatImage::Pointer smoothed(FloatImage::Pointer image, double sigma)
{
    for (unsigned axis = 0; axis < 3 && sigma > 0; ++axis) {
        auto filter = itk::RecursiveGaussianImageFilter<FloatImage, FloatImage>::New();
        filter->SetInput(image);
        filter->SetDirection(axis);
        filter->SetZeroOrder();
        filter->SetSigma(sigma);
        filter->Update();
        image = filter->GetOutput();
        image->DisconnectPipeline();
    }
    return image;
}

/// Every `stride`-th voxel centre of the mask: a regular lattice needs no random numbers.
Points::Pointer lattice(const FloatImage *image, const uint8_t *mask, const int32_t size[3], int32_t stride)
{
    auto points = Points::New();
    Points::PointIdentifier number = 0;
    FloatImage::IndexType index;
    for (index[2] = 0; index[2] < size[2]; index[2] += stride) {
        for (index[1] = 0; index[1] < size[1]; index[1] += stride) {
            for (index[0] = 0; index[0] < size[0]; index[0] += stride) {
                if (mask && !mask[(index[2] * size[1] + index[1]) * size[0] + index[0]]) continue;
                FloatImage::PointType point;
                image->TransformIndexToPhysicalPoint(index, point);
                points->SetPoint(number++, point);
            }
        }
    }
    return points;
}

Transform::Pointer start(
    citk_transform_kind kind, const double transform[12], const FloatImage *fixed, const int32_t size[3])
{
    Transform::Pointer result;
    if (kind == CITK_RIGID) {
        result = itk::Euler3DTransform<double>::New().GetPointer();
    } else {
        result = itk::AffineTransform<double, 3>::New().GetPointer();
    }
    FloatImage::IndexType middle;
    FloatImage::PointType centre;
    for (unsigned axis = 0; axis < 3; ++axis) middle[axis] = size[axis] / 2;
    fixed->TransformIndexToPhysicalPoint(middle, centre);
    result->SetCenter(centre);
    Transform::MatrixType matrix;
    Transform::OutputVectorType offset;
    for (unsigned row = 0; row < 3; ++row) {
        for (unsigned column = 0; column < 3; ++column) matrix[row][column] = transform[4 * row + column];
        offset[row] = transform[4 * row + 3];
    }
    result->SetMatrix(matrix);
    result->SetOffset(offset);
    return result;
}

void store(const Transform *found, double transform[12])
{
    for (unsigned row = 0; row < 3; ++row) {
        for (unsigned column = 0; column < 3; ++column) transform[4 * row + column] = found->GetMatrix()[row][column];
        transform[4 * row + 3] = found->GetOffset()[row];
    }
}

struct Steering {
    citk_progress progress;
    void *context;
    double done;
    double share;

    void tell(double within) const
    {
        if (progress && !progress(context, done + share * within)) throw citk::Cancelled();
    }
};

Metric::Pointer metricFor(FloatImage *fixed, FloatImage *moving, Transform *transform, Points *points)
{
    auto metric = Metric::New();
    metric->SetFixedImage(fixed);
    metric->SetMovingImage(moving);
    metric->SetVirtualDomainFromImage(fixed);
    metric->SetMovingTransform(transform);
    metric->SetNumberOfHistogramBins(32);
    metric->SetUseFixedSampledPointSet(true);
    metric->SetFixedSampledPointSet(points);
    metric->SetUseMovingImageGradientFilter(false);
    metric->SetUseFixedImageGradientFilter(false);
    metric->Initialize();
    return metric;
}

/// - Returns: false where the optimiser ran into its cap of iterations.
bool optimise(Metric *metric, const citk_level &level, const Steering &steering, citk_optimum *optimum)
{
    auto scales = itk::RegistrationParameterScalesFromPhysicalShift<Metric>::New();
    scales->SetMetric(metric);
    auto optimiser = Optimiser::New();
    optimiser->SetMetric(metric);
    optimiser->SetScalesEstimator(scales);
    optimiser->SetDoEstimateLearningRateOnce(false);
    optimiser->SetDoEstimateLearningRateAtEachIteration(false);
    optimiser->SetLearningRate(level.first_step);
    optimiser->SetMinimumStepLength(level.last_step);
    optimiser->SetRelaxationFactor(level.relaxation);
    optimiser->SetGradientMagnitudeTolerance(1e-8);
    optimiser->SetNumberOfIterations(level.maximum_iterations);
    optimiser->SetReturnBestParametersAndValue(true);
    optimiser->SetNumberOfWorkUnits(1);
    optimiser->AddObserver(itk::IterationEvent(), [&](const itk::EventObject &) {
        steering.tell(double(optimiser->GetCurrentIteration()) / level.maximum_iterations);
    });
    optimiser->StartOptimization();
    optimum->metric = optimiser->GetCurrentMetricValue();
    optimum->iterations += int32_t(optimiser->GetCurrentIteration());
    return optimiser->GetStopCondition() != itk::StopConditionObjectToObjectOptimizerEnum::MAXIMUM_NUMBER_OF_ITERATIONS;
}

} // namespace

citk_status citk_register(
    citk_transform_kind kind, const citk_grid *fixed_grid, const float *fixed, const uint8_t *mask,
    const citk_grid *moving_grid, const float *moving, const citk_level *levels, int32_t level_count,
    double transform[12], citk_optimum *optimum, citk_progress progress, void *context, citk_error *error)
{
    return citk::guarded(error, [&] {
        optimum->iterations = 0;
        auto fixedImage = citk::place(fixed, *fixed_grid);
        auto movingImage = citk::place(moving, *moving_grid);
        auto found = start(kind, transform, fixedImage, fixed_grid->size);
        for (int32_t number = 0; number < level_count; ++number) {
            const citk_level &level = levels[number];
            const Steering steering{progress, context, double(number) / level_count, 1.0 / level_count};
            steering.tell(0);
            auto points = lattice(fixedImage, mask, fixed_grid->size, level.stride);
            if (points->GetNumberOfPoints() < 1000) itkGenericExceptionMacro("too few voxels to align");
            auto from = smoothed(fixedImage, level.sigma);
            auto to = smoothed(movingImage, level.sigma);
            auto comparison = metricFor(from, to, found, points);
            if (!optimise(comparison, level, steering, optimum)) {
                std::snprintf(error->message, sizeof error->message, "level %d did not converge", number + 1);
                return CITK_NOT_CONVERGED;
            }
        }
        store(found, transform);
        return CITK_OK;
    });
}
