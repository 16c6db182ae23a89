// SwiftPM needs one source file in a C target; the code is in libopenvino_c.
