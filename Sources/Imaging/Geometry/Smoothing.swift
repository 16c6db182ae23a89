import CITK

/// Gaussian smoothing with sigma in millimetres.
package enum Smoothing {
    /// ITK's recursive Gaussian along each axis whose sigma is above 0; `sigma` in mm along i, j, k.
    package static func recursive(_ image: Image, sigma: [Double]) throws -> Image {
        guard sigma.contains(where: { $0 > 0 }) else { return image }
        var output = [Float](repeating: 0, count: image.values.count)
        try ITKBorder.run("smoothing") { error in
            citk_smooth_recursive(
                ITKBorder.size(image.grid.size), image.grid.spacing, sigma, image.values, &output, error)
        }
        return Image(grid: image.grid, values: output)
    }
}
