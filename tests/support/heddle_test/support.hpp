// Everything the tests share, in one include.
#pragma once

#include "heddle_test/paths.hpp"
#include "heddle_test/proc.hpp"
#include "heddle_test/program.hpp"
#include "heddle_test/temp_dir.hpp"
#include "heddle_test/wait_until.hpp"
