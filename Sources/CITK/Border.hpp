// What every file of the shim shares: wrapping arrays as ITK images and turning exceptions into messages.
#pragma once
#include "CITKCompiler.hpp"

#include "CITK.h"
#include "itkImage.h"
#include "itkImportImageContainer.h"

#include <algorithm>
#include <cstdio>
#include <exception>

namespace citk {

struct Cancelled : std::exception {};

/// Runs `work` and reports what it throws; ITK's own messages start with a file name, so only the description is kept.
template <typename Work>
citk_status guarded(citk_error *error, Work work)
{
    const char *message = "unknown failure of the imaging library";
    try {
        return work();
    } catch (const Cancelled &) {
        if (error) std::snprintf(error->message, sizeof error->message, "cancelled");
        return CITK_CANCELLED;
    } catch (const itk::ExceptionObject &failure) {
        message = failure.GetDescription();
        if (error) std::snprintf(error->message, sizeof error->message, "%s", message);
    } catch (const std::exception &failure) {
        if (error) std::snprintf(error->message, sizeof error->message, "%s", failure.what());
    } catch (...) {
        if (error) std::snprintf(error->message, sizeof error->message, "%s", message);
    }
    return CITK_FAILED;
}

inline int64_t count(const int32_t size[3])
{
    return int64_t(size[0]) * size[1] * size[2];
}

/// An image over memory that the caller keeps; ITK neither copies nor frees it.
template <typename Pixel>
typename itk::Image<Pixel, 3>::Pointer wrap(const Pixel *values, const int32_t size[3], const double spacing[3] = nullptr)
{
    using ImageType = itk::Image<Pixel, 3>;
    auto image = ImageType::New();
    typename ImageType::RegionType region;
    for (unsigned axis = 0; axis < 3; ++axis) region.SetSize(axis, size[axis]);
    image->SetRegions(region);
    if (spacing) image->SetSpacing(spacing);
    image->GetPixelContainer()->SetImportPointer(const_cast<Pixel *>(values), count(size), false);
    return image;
}

template <typename Pixel>
void copy(const itk::Image<Pixel, 3> *image, Pixel *output)
{
    std::copy_n(image->GetBufferPointer(), image->GetLargestPossibleRegion().GetNumberOfPixels(), output);
}

/// An image over the caller's memory that lies in patient space; the columns may be left-handed or sheared.
template <typename Pixel>
typename itk::Image<Pixel, 3>::Pointer place(const Pixel *values, const citk_grid &grid)
{
    auto image = wrap(values, grid.size);
    typename itk::Image<Pixel, 3>::SpacingType spacing;
    typename itk::Image<Pixel, 3>::DirectionType direction;
    typename itk::Image<Pixel, 3>::PointType origin;
    for (unsigned column = 0; column < 3; ++column) {
        double square = 0;
        for (unsigned row = 0; row < 3; ++row) square += grid.affine[4 * row + column] * grid.affine[4 * row + column];
        spacing[column] = std::sqrt(square);
        for (unsigned row = 0; row < 3; ++row) direction[row][column] = grid.affine[4 * row + column] / spacing[column];
        origin[column] = grid.affine[4 * column + 3];
    }
    image->SetSpacing(spacing);
    image->SetOrigin(origin);
    image->SetDirection(direction);
    return image;
}

} // namespace citk
