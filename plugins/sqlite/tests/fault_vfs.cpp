#include "fault_vfs.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

namespace sqlite {
namespace {

struct Faults {
    std::mutex mutex;
    std::condition_variable changed;
    int write_code = SQLITE_OK;
    bool holding = false;
    int held = 0;
};

Faults& faults() {
    static Faults all;
    return all;
}

// A file's functions with two of them replaced. `patched` comes first: from a file's table to the original.
struct Table {
    sqlite3_io_methods patched;
    const sqlite3_io_methods* original;
};

const sqlite3_io_methods& original_of(sqlite3_file* file) {
    return *reinterpret_cast<const Table*>(file->pMethods)->original;
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
    {
        const std::lock_guard lock{faults().mutex};
        if (faults().write_code != SQLITE_OK) {
            return faults().write_code;
        }
    }
    return original_of(file).xWrite(file, data, size, offset);
}

int sync(sqlite3_file* file, int flags) {
    {
        std::unique_lock lock{faults().mutex};
        ++faults().held;
        faults().changed.wait(lock, [] { return !faults().holding; });
        --faults().held;
    }
    return original_of(file).xSync(file, flags);
}

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    static std::mutex mutex;
    static std::map<const sqlite3_io_methods*, std::unique_ptr<Table>> tables;
    auto* const real = static_cast<sqlite3_vfs*>(vfs->pAppData);
    const int code = real->xOpen(real, name, file, flags, out_flags);
    if (file->pMethods != nullptr) {
        const std::lock_guard lock{mutex};
        auto& table = tables[file->pMethods];
        if (!table) {
            table = std::make_unique<Table>(Table{*file->pMethods, file->pMethods});
            table->patched.xWrite = write;
            table->patched.xSync = sync;
        }
        file->pMethods = &table->patched;
    }
    return code;
}

// The real layer's other functions are given our object; they use nothing of it but its size and path limits.
sqlite3_vfs& vfs() {
    static sqlite3_vfs ours = [] {
        sqlite3_vfs* const real = sqlite3_vfs_find("unix");
        sqlite3_vfs copy = *real;
        copy.pNext = nullptr;
        copy.zName = "fault";
        copy.pAppData = real;
        copy.xOpen = open;
        return copy;
    }();
    return ours;
}

}  // namespace

FaultVfs::FaultVfs() {
    sqlite3_initialize();
    sqlite3_vfs_register(&vfs(), 1);
}

FaultVfs::~FaultVfs() {
    release_syncs();
    fail_writes_with(SQLITE_OK);
    sqlite3_vfs_unregister(&vfs());
    sqlite3_vfs_register(sqlite3_vfs_find("unix"), 1);
}

void FaultVfs::fail_writes_with(int code) {
    const std::lock_guard lock{faults().mutex};
    faults().write_code = code;
}

void FaultVfs::hold_syncs() {
    const std::lock_guard lock{faults().mutex};
    faults().holding = true;
}

void FaultVfs::release_syncs() {
    const std::lock_guard lock{faults().mutex};
    faults().holding = false;
    faults().changed.notify_all();
}

int FaultVfs::held_syncs() const {
    const std::lock_guard lock{faults().mutex};
    return faults().holding ? faults().held : 0;
}

}  // namespace sqlite
