#include "Border.hpp"

#include "itkBinaryBallStructuringElement.h"
#include "itkBinaryFillholeImageFilter.h"
#include "itkBinaryMorphologicalClosingImageFilter.h"
#include "itkConnectedComponentImageFilter.h"
#include "itkOtsuThresholdCalculator.h"
#include "itkRelabelComponentImageFilter.h"
#include "itkSignedMaurerDistanceMapImageFilter.h"
#include "itkImageToHistogramFilter.h"

#include <vector>

using ByteImage = itk::Image<uint8_t, 3>;
using FloatImage = itk::Image<float, 3>;
using LabelImage = itk::Image<uint32_t, 3>;

citk_status citk_otsu(const float *values, int64_t count, int32_t bins, double *threshold, citk_error *error)
{
    return citk::guarded(error, [&] {
        using Line = itk::Image<float, 1>;
        auto line = Line::New();
        Line::RegionType region;
        region.SetSize(0, count);
        line->SetRegions(region);
        line->GetPixelContainer()->SetImportPointer(const_cast<float *>(values), count, false);
        using Histograms = itk::Statistics::ImageToHistogramFilter<Line>;
        auto histograms = Histograms::New();
        typename Histograms::HistogramSizeType sizes(1);
        sizes.Fill(bins);
        histograms->SetInput(line);
        histograms->SetHistogramSize(sizes);
        histograms->SetAutoMinimumMaximum(true);
        histograms->Update();
        auto calculator = itk::OtsuThresholdCalculator<Histograms::HistogramType, float>::New();
        calculator->SetInput(histograms->GetOutput());
        calculator->Compute();
        *threshold = calculator->GetThreshold();
        return CITK_OK;
    });
}

citk_status citk_components(
    const int32_t size[3], const uint8_t *mask, bool diagonal, int64_t minimum_voxels, uint32_t *labels, uint32_t *count,
    citk_error *error)
{
    return citk::guarded(error, [&] {
        auto components = itk::ConnectedComponentImageFilter<ByteImage, LabelImage>::New();
        auto image = citk::wrap(mask, size);
        components->SetInput(image);
        components->SetFullyConnected(diagonal);
        // Numbers are given in scan order, which only one thread keeps.
        components->SetNumberOfWorkUnits(1);
        auto sorted = itk::RelabelComponentImageFilter<LabelImage, LabelImage>::New();
        sorted->SetInput(components->GetOutput());
        sorted->SetMinimumObjectSize(minimum_voxels);
        sorted->SetNumberOfWorkUnits(1);
        sorted->Update();
        citk::copy(sorted->GetOutput(), labels);
        *count = sorted->GetNumberOfObjects();
        return CITK_OK;
    });
}

namespace {

FloatImage::Pointer maurer(ByteImage *mask)
{
    auto filter = itk::SignedMaurerDistanceMapImageFilter<ByteImage, FloatImage>::New();
    filter->SetInput(mask);
    filter->SetUseImageSpacing(true);
    filter->SetSquaredDistance(false);
    filter->SetInsideIsPositive(false);
    filter->Update();
    FloatImage::Pointer distance = filter->GetOutput();
    distance->DisconnectPipeline();
    return distance;
}

} // namespace

citk_status citk_signed_distance(
    const int32_t size[3], const double spacing[3], const uint8_t *mask, float *distance, citk_error *error)
{
    return citk::guarded(error, [&] {
        auto image = citk::wrap(mask, size, spacing);
        citk::copy(maurer(image).GetPointer(), distance);
        return CITK_OK;
    });
}

citk_status citk_nearest_label(
    const int32_t size[3], const double spacing[3], const uint8_t *labels, double reach, uint8_t *output,
    citk_error *error)
{
    return citk::guarded(error, [&] {
        const int64_t count = citk::count(size);
        bool present[256] = {};
        for (int64_t index = 0; index < count; ++index) present[labels[index]] = true;
        std::vector<float> best(count, float(reach));
        std::vector<uint8_t> one(count);
        std::fill_n(output, count, 0);
        for (unsigned label = 1; label < 256; ++label) {
            if (!present[label]) continue;
            for (int64_t index = 0; index < count; ++index) one[index] = labels[index] == label;
            auto distance = maurer(citk::wrap(one.data(), size, spacing));
            const float *values = distance->GetBufferPointer();
            for (int64_t index = 0; index < count; ++index) {
                // Inside a structure the distance is negative or, on its surface, zero: its own label always wins.
                if (values[index] >= best[index] && labels[index] != label) continue;
                if (labels[index] != 0 && labels[index] != label) continue;
                best[index] = values[index];
                output[index] = uint8_t(label);
            }
        }
        return CITK_OK;
    });
}

citk_status citk_close(
    const int32_t size[3], const int32_t radius[3], const uint8_t *mask, uint8_t *output, citk_error *error)
{
    return citk::guarded(error, [&] {
        using Ball = itk::BinaryBallStructuringElement<uint8_t, 3>;
        Ball ball;
        Ball::SizeType extent;
        for (unsigned axis = 0; axis < 3; ++axis) extent[axis] = radius[axis];
        ball.SetRadius(extent);
        ball.CreateStructuringElement();
        auto image = citk::wrap(mask, size);
        auto filter = itk::BinaryMorphologicalClosingImageFilter<ByteImage, ByteImage, Ball>::New();
        filter->SetInput(image);
        filter->SetKernel(ball);
        filter->SetForegroundValue(1);
        filter->SetSafeBorder(true);
        filter->Update();
        citk::copy(filter->GetOutput(), output);
        return CITK_OK;
    });
}

citk_status citk_fill_holes(const int32_t size[3], const uint8_t *mask, uint8_t *output, citk_error *error)
{
    return citk::guarded(error, [&] {
        auto image = citk::wrap(mask, size);
        auto filter = itk::BinaryFillholeImageFilter<ByteImage>::New();
        filter->SetInput(image);
        filter->SetForegroundValue(1);
        filter->SetFullyConnected(false);
        filter->Update();
        citk::copy(filter->GetOutput(), output);
        return CITK_OK;
    });
}

double citk_largest_distance(const double *points, int64_t count)
{
    double largest = 0;
    for (int64_t first = 0; first < count; ++first) {
        const double *a = points + 3 * first;
        for (int64_t second = first + 1; second < count; ++second) {
            const double *b = points + 3 * second;
            const double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
            largest = std::max(largest, x * x + y * y + z * z);
        }
    }
    return std::sqrt(largest);
}
