// heddle/heddle.hpp: everything that most plugins need. See docs/plugins.md for a walk through it.
#pragma once

#include "heddle/abi.h"
#include "heddle/callback.hpp"
#include "heddle/config.hpp"
#include "heddle/error.hpp"
#include "heddle/event.hpp"
#include "heddle/function.hpp"
#include "heddle/future.hpp"
#include "heddle/log.hpp"
#include "heddle/module.hpp"
#include "heddle/plugin.hpp"
#include "heddle/provide.hpp"
#include "heddle/readiness.hpp"
#include "heddle/signature.hpp"
#include "heddle/task.hpp"
