// The bytes of a plugin's file, read once.
//
// Thread-safety: pure functions but for reading the file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace heddle::discovery {

// The contents of a regular file. Throws Unusable when it cannot be opened or read, is no regular file, is empty,
// is over 1 GiB, or changes while it is read. Never blocks on a FIFO or a device.
std::string read_content(const std::filesystem::path& path);

// XXH3-128 as 32 hexadecimal digits (the canonical, big-endian form). No protection against made-up collisions.
std::string content_hash(std::string_view bytes);

// What a file that is no ELF file looks like, as a noun phrase: "a script ('#!/bin/sh')".
std::string looks_like(std::string_view bytes);

}  // namespace heddle::discovery
