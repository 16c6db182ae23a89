// `openvino/` beside this file is a link that scripts/bootstrap sets to the headers in OpenVINO's wheel.
#pragma once
#include "openvino/c/openvino.h"
