// A disk that fails or hangs when told to: SQLite's file layer with its writes and syncs in our hands.
//
// In force for the connections opened while the object lives; they must be closed before it goes. One at a time. Its
// functions may be called by any thread.
#pragma once

#include <sqlite3.h>

namespace sqlite {

class FaultVfs {
public:
    FaultVfs();
    ~FaultVfs();  // lets held syncs go
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;

    void fail_writes_with(int code);  // SQLITE_FULL, SQLITE_IOERR_WRITE, ...; SQLITE_OK: they work again
    void hold_syncs();                // from now on a sync doesn't return
    void release_syncs();
    int held_syncs() const;  // how many wait just now
};

}  // namespace sqlite
