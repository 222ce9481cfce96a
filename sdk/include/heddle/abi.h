/* heddle/abi.h: the binary contract between a heddle host and its plugins, in C11.
 *
 * Everything that crosses between host and plugin is declared here and nowhere else. No C++ type crosses,
 * and no exception unwinds across.
 *
 * Evolution: every struct begins with its size and version as the side that made it saw them. Fields are only
 * ever added at the end, in a new minor version; new abilities come as extensions (heddle_host.extension) and
 * not by growing a struct in the middle. A change that breaks this contract makes a new major version, whose
 * entry symbol has another name, so that a host and a plugin of different majors never meet by accident.
 *
 * Threads: each function's comment ends with who may call it:
 *   [any thread]       any thread of the process, at any time the objects named are alive
 *   [module thread]    only the thread that the host gave to the module
 *   [declare]          the module thread, inside heddle_plugin.create
 * Ownership: a pointer or text handed to a function is borrowed for the call, unless its comment says otherwise.
 * Failure: functions that can fail return a heddle_status; its message is owned by the calling thread's record
 * and stays valid until the next failing call on that thread.
 */
#ifndef HEDDLE_ABI_H
#define HEDDLE_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_ABI_MAJOR 1
#define HEDDLE_ABI_MINOR 1
#define HEDDLE_SDK_VERSION "0.1.0"

/* The one symbol that a plugin exports, a heddle_entry. It carries the major version. */
#define HEDDLE_ENTRY_SYMBOL "heddle_plugin_v1"
#define HEDDLE_ENTRY heddle_plugin_v1

/* ---- texts and results --------------------------------------------------------------------------------- */

/* A borrowed text of `size` bytes of UTF-8, not terminated. `data` may be null only when `size` is 0.
 * It and heddle_span are passed by value, in two registers; that, and their few bytes, is why they alone
 * carry no size and version: they may never change. */
typedef struct heddle_str {
    const char* data;
    size_t size;
} heddle_str;

/* A borrowed run of `size` elements, whose type the function's signature names. */
typedef struct heddle_span {
    const void* data;
    size_t size;
} heddle_span;

/* What went wrong: the `code` of a heddle_status, and the `kind` of a heddle_failure. Values never change. */
enum {
    HEDDLE_OK = 0,
    HEDDLE_EXCEPTION = 1,   /* the called function threw */
    HEDDLE_UNAVAILABLE = 2, /* nobody serves the function now */
    HEDDLE_TIMEOUT = 3,     /* a bounded wait ended */
    HEDDLE_RECURSION = 4,   /* the thread is inside as many calls as the host allows */
    HEDDLE_DEADLOCK = 5,    /* waiting would close a cycle */
    HEDDLE_INVALID = 6,     /* an argument, a name or a moment that the contract does not allow */
    HEDDLE_CONFIG = 7,      /* the module's configuration cannot be used */
    HEDDLE_NO_RESOURCE = 8, /* memory, link slots or the operating system ran out */
    HEDDLE_FULL = 9         /* a mailbox has no room for the message, or has dropped it; since 1.1 */
};

/* The outcome of a call to the host: HEDDLE_OK and no message, or a code and a text that names the thing, what
 * was expected and what was found. The message belongs to the calling thread's record. Returned by value, in two
 * registers, and so without size and version for the reason given at heddle_str. */
typedef struct heddle_status {
    int64_t code;
    const char* message; /* null only when code is HEDDLE_OK */
} heddle_status;

/* ---- the call plane: what a compiled call touches ------------------------------------------------------- */

typedef struct heddle_host heddle_host;
typedef struct heddle_module heddle_module; /* the host's record of a module; opaque */
typedef struct heddle_link heddle_link;
typedef void heddle_code(void); /* some function; its real type is in the signature text */

/* Where a link leads just now: immutable once published, so a reader always sees a code with its own self. The
 * host owns it and frees it only after a grace period. `code` takes `self` and then the signature's arguments. */
typedef struct heddle_endpoint {
    uint32_t size;
    uint32_t version;
    heddle_code* code;
    void* self;
} heddle_endpoint;

/* The host's record of one handle bound to one function: who calls whom. One cache line, read by callers and
 * written only by the host's control thread. */
struct heddle_link {
    uint32_t size;
    uint32_t version;
    const heddle_endpoint* endpoint; /* load with acquire; pairs with the control thread's release store */
    uint32_t cell;                   /* where this link's count stands in heddle_thread.cells, in bytes */
    uint32_t open;                   /* 1 while it leads to a running provider, else 0; load relaxed, a hint only */
    const heddle_host* host;
    void* host_record;                /* the host's own record of this link */
    const struct heddle_calls* calls; /* since 1.1: the extension of that name, null where the host lacks it */
    uint64_t reserved[2];
};

/* One thread's count of its calls through one link. Plain stores by the owning thread only; other threads read
 * them for reports.
 * Calls made = done + (interval == 0 ? -left : interval - 1 - left). A call that takes `left` below zero is timed. */
typedef struct heddle_cell {
    int32_t left;      /* calls until the next timed one; INT32_MIN while the cell is moved on */
    uint32_t interval; /* 0 before the first call; grows 1, 2, 4 ... 1024 */
    uint64_t done;     /* calls in completed intervals */
} heddle_cell;

/* The thread record: one per thread, in initial-exec thread-local storage of libheddle-rt, which the program is
 * linked to from the start. The first cache line is all that a call touches. A thread's
 * stack of links ends at a multiple of HEDDLE_STACK_ALIGN bytes, and only its end does, so that a full stack is seen by
 * the address of its top alone; so is a zeroed record, which belongs to a thread that has not called yet. Either takes
 * the slow path (heddle_host.admit), which registers the thread or refuses the call. */
#define HEDDLE_STACK_ALIGN 65536
typedef struct heddle_thread {
    uint32_t size; /* 0 until registered */
    uint32_t version;
    heddle_link** top;  /* where the next call publishes its link; owner stores, the host's scan loads (acquire) */
    heddle_cell* cells; /* this thread's counts; a link's stands heddle_link.cell bytes into it */
    uint32_t failed;    /* set by a callee's thunk or a gate when the call failed; cleared by the caller's handle */
    uint32_t attention; /* since 1.1: the host has something for this thread to do before it leaves a subscriber, see
                           heddle_events.attend; set by any thread. Beside `failed`, so that one load reads both */
    uint64_t chain;     /* identity of the chain of calls this thread runs: who may re-enter an exclusive module */
    void* host_record;  /* the host's own record of this thread */
    uint64_t reserved_line[2];
} heddle_thread;

#if defined(__cplusplus)
#define HEDDLE_THREAD_LOCAL constinit thread_local
#else
#define HEDDLE_THREAD_LOCAL _Thread_local
#endif

/* The calling thread's record. Declared constant-initialised, so that C++ reaches it without a wrapper call. */
extern HEDDLE_THREAD_LOCAL heddle_thread heddle_current
    __attribute__((tls_model("initial-exec"), visibility("default")));

/* What failed: filled by heddle_host.take_failure. The texts belong to the thread's record and stay valid until the
 * next failure on that thread. */
typedef struct heddle_failure {
    uint32_t size;
    uint32_t version;
    int64_t kind;        /* HEDDLE_EXCEPTION ... */
    heddle_str module;   /* the module that failed */
    heddle_str function; /* its function, without the module's name */
    heddle_str what;     /* the message */
} heddle_failure;

/* ---- declaring: functions and handles -------------------------------------------------------------------- */

enum {                           /* heddle_signature.tier: between which plugins the signature may bind */
       HEDDLE_TIER_PORTABLE = 0, /* any two compilers and standard libraries */
       HEDDLE_TIER_LIBRARY = 1,  /* the text names the standard library whose types it holds; equal text is enough */
       HEDDLE_TIER_TOOLCHAIN = 2 /* only plugins with the same toolchain tag */
};

/* A function's type, spelled at compile time. The texts are static storage of the plugin. */
typedef struct heddle_signature {
    uint32_t size;
    uint32_t version;
    heddle_str text;
    uint64_t fingerprint; /* FNV-1a, 64 bits, of text */
    uint32_t tier;
    uint32_t reserved;
} heddle_signature;

enum {                        /* heddle_function.policy */
       HEDDLE_EXCLUSIVE = 0,  /* on the caller's thread, holding the module; the default */
       HEDDLE_CONCURRENT = 1, /* on the caller's thread, at once */
       HEDDLE_QUEUED = 2      /* on the module's own thread, through its mailbox; since 1.1 */
};

enum {                         /* heddle_function.full: what becomes of a message for which the mailbox has no room */
       HEDDLE_BLOCK = 0,       /* its sender waits, for a bounded time; the default */
       HEDDLE_REFUSE = 1,      /* its sender is told, HEDDLE_FULL */
       HEDDLE_DROP_OLDEST = 2, /* the oldest one of the same sender goes, and is counted */
       HEDDLE_DROP_NEWEST = 3  /* it goes itself, and is counted */
};

/* Runs a function on the module's thread with the arguments of a message. `block` holds them one after the other, each
 * at the next multiple of its alignment: values as they cross (heddle_str and heddle_span for views), references as
 * pointers. The function may move from the values; it does not destroy them. The result is constructed at `result`,
 * unless that is null, as nobody wants it, or the call fails: then the thread's failure is set and nothing is
 * constructed. No exception may leave it. */
typedef void heddle_run(void* self, void* block, void* result);
/* Ends what was constructed at `object`. */
typedef void heddle_destroy(void* object);

/* A function that a module provides. Copied by the host during the call. */
typedef struct heddle_function {
    uint32_t size;
    uint32_t version;
    heddle_str name; /* without the module's name; [a-z0-9_.] */
    heddle_signature signature;
    heddle_code* code; /* null if queued: then there is `run` alone */
    void* self;
    uint32_t policy;
    uint32_t full;   /* since 1.1, 0 before */
    heddle_run* run; /* since 1.1 (size tells); without it the function can be neither queued nor posted to */
} heddle_function;

enum {                     /* heddle_handle.flags */
       HEDDLE_OPTIONAL = 1 /* the module can run without it */
};

/* A function that a module wants to call. Copied by the host during the call. */
typedef struct heddle_handle {
    uint32_t size;
    uint32_t version;
    heddle_str name; /* the full name, "stats.observe", before wiring */
    heddle_signature signature;
    heddle_code* gate; /* a gate of this signature: void* self is the link, which it hands to heddle_host.gate */
    uint32_t flags;
    uint32_t reserved;
    heddle_code* queued;  /* since 1.1: code of this signature whose self is the link and which hands the arguments to
                             heddle_calls.queued; without it the handle binds to no queued function */
    heddle_destroy* drop; /* since 1.1: ends the block of a message that was posted; null where nothing needs it */
} heddle_handle;

/* ---- configuration ---------------------------------------------------------------------------------------- */

enum { HEDDLE_NULL = 0, HEDDLE_SCALAR = 1, HEDDLE_LIST = 2, HEDDLE_MAP = 3 }; /* heddle_value.kind */

/* One value of a module's configuration, with its place in the file. Owned by the host, immutable, valid until
 * heddle_plugin.create returns. Lines and columns count from 1; 0 means that it stands in no file. */
typedef struct heddle_value {
    uint32_t size;
    uint32_t version;
    uint32_t kind;
    uint32_t quoted; /* 1 for a quoted scalar, which is a text whatever it looks like */
    heddle_str text; /* a scalar's text after substitution of variables */
    heddle_str key;  /* this value's name in the map that holds it, else empty */
    uint32_t line, column;
    uint32_t key_line, key_column;
    size_t count;                            /* of a list or a map */
    const struct heddle_value* const* items; /* in the order of the file */
} heddle_value;

/* ---- the host as a plugin sees it -------------------------------------------------------------------------- */

enum { HEDDLE_TRACE = 0, HEDDLE_DEBUG = 1, HEDDLE_INFO = 2, HEDDLE_WARN = 3, HEDDLE_ERROR = 4, HEDDLE_CRITICAL = 5 };

typedef void heddle_task(void* context);

/* A timer of a module. The host takes `context` over when the call succeeds and gives it to `drop` exactly once,
 * on the module's thread: after the last run of a one-shot timer, after a cancel, or when the module ends. */
typedef struct heddle_timer {
    uint32_t size;
    uint32_t version;
    int64_t first_ns;  /* from now, >= 0 */
    int64_t period_ns; /* > 0: periodic, else one shot */
    heddle_task* run;  /* on the module's thread, holding the module; no exception may leave it */
    heddle_task* drop; /* may be null */
    void* context;
} heddle_timer;

/* The table of host functions that every plugin is given. */
struct heddle_host {
    uint32_t size;
    uint32_t version;
    uint32_t abi_major, abi_minor;

    /* An ability by its id ("heddle.timers/2"), or null where this host lacks it. The table returned is the host's
     * and lives as long as the host. [any thread] */
    const void* (*extension)(const heddle_host* host, const char* id);

    /* Adds a function to the module. Fails with HEDDLE_INVALID for a bad or duplicate name, an unknown policy or
     * outside of create. [declare] */
    heddle_status (*provide)(heddle_module* module, const heddle_function* function);

    /* Declares that the module calls a function, and gives the link to call through, which leads to a gate until it
     * is bound and lives as long as the module. Fails with HEDDLE_INVALID for a bad name or outside of create and
     * HEDDLE_NO_RESOURCE when the host has no link left. [declare] */
    heddle_status (*require)(heddle_module* module, const heddle_handle* handle, heddle_link** link);

    /* Reports a problem of the module's configuration at a place in its file (value may be null; column_offset is
     * added to the value's column, for a place inside a text). All are shown; create must then fail with
     * HEDDLE_CONFIG. [declare] */
    void (*config_problem)(heddle_module* module, const heddle_value* value, uint32_t at_key, uint32_t column_offset,
                           heddle_str message);

    /* Writes one line to the host's log under the module's name. Lines below the level are dropped. [any thread] */
    void (*log)(heddle_module* module, uint32_t level, heddle_str text);
    /* The lowest level that is written just now. [any thread] */
    uint32_t (*log_level)(heddle_module* module);

    /* The module's name. The text lives as long as the module. [any thread] */
    heddle_str (*name)(heddle_module* module);

    /* Starts a timer and gives its id (never 0). Timers of a module that is not running yet fire once it runs. A
     * periodic timer keeps to its grid: after an overrun the missed ticks are skipped, not made up. Fails with
     * HEDDLE_INVALID off the module's thread or for negative times and HEDDLE_NO_RESOURCE for want of memory.
     * [module thread] */
    heddle_status (*timer_start)(heddle_module* module, const heddle_timer* timer, uint64_t* id);
    /* Ends a timer; an unknown id is ignored. A timer may cancel itself while it runs. [module thread] */
    void (*timer_cancel)(heddle_module* module, uint64_t id);

    /* Runs the module's loop (timers, and what the host asks) until the module is asked to stop. What the base
     * class's run() does. [module thread] */
    void (*serve)(heddle_module* module);
    /* 1 once the module was asked to stop. One load. [any thread] */
    uint32_t (*stopping)(heddle_module* module);
    /* Waits until the module is asked to stop, at most `ns`; returns stopping(). [module thread] */
    uint32_t (*wait_stop)(heddle_module* module, int64_t ns);

    /* Takes and gives back the module for an exclusive call or handler; re-entry by the same chain of calls is
     * counted. enter waits at most the host's call_timeout, then sets the thread's failure (HEDDLE_TIMEOUT, naming
     * who holds it) and returns 0; so it does at once where waiting would close a cycle (HEDDLE_DEADLOCK, spelling
     * it). 1 means held. [any thread] */
    uint32_t (*enter)(heddle_module* module);
    void (*leave)(heddle_module* module);

    /* Slow path of a call, when top is at a multiple of HEDDLE_STACK_ALIGN: registers the calling thread (returns 1:
     * try again), or sets the thread's failure (HEDDLE_RECURSION) and returns 0. [any thread] */
    uint32_t (*admit)(heddle_link* link);
    /* Before and after a timed call: `ticks` = what clock() returned before it. Moves the cell on. [any thread] */
    uint64_t (*clock)(void);
    void (*sample)(heddle_link* link, uint64_t ticks);

    /* What a gate calls: waits, off the thread's stack of links, until the link leads to a provider or its bound is
     * over, or not at all if that would close a cycle. 1: call again through the link; 0: the thread's failure is
     * set. [any thread, inside a call] */
    uint32_t (*gate)(heddle_link* link);

    /* Sets the calling thread's failure for the innermost call. With an empty module and function the host fills in
     * those of the innermost link. Texts are copied. [any thread, inside a call] */
    void (*fail)(const heddle_failure* failure);
    /* Gives and clears the calling thread's failure. [any thread] */
    void (*take_failure)(heddle_failure* out);

    /* Makes a status whose message is a copy of `message`, owned by the calling thread's record. [any thread] */
    heddle_status (*status)(int64_t code, heddle_str message);

    /* Asks the host to stop this module, or everything; returns at once. [any thread] */
    void (*request_stop)(heddle_module* module);
    void (*request_exit)(const heddle_host* host);
};

/* ---- mailboxes: the extension "heddle.calls/1", since 1.1 --------------------------------------------------- */

#define HEDDLE_CALLS "heddle.calls/1"

enum {                         /* heddle_request.flags */
       HEDDLE_FLAT_BLOCK = 1,  /* the block, aligned to 8, may be copied byte by byte, and the copy used in its place */
       HEDDLE_FLAT_RESULT = 2, /* the result too */
       HEDDLE_OWN_BLOCK =
           4 /* the block refers to no other memory: a caller may leave what runs when its time is over */
};

/* A call that waits for its answer; on the caller's stack. */
typedef struct heddle_request {
    uint32_t size;
    uint32_t version;
    uint32_t flags;
    uint32_t block_size;
    uint32_t result_size;
    uint32_t reserved;
    void* block;  /* see heddle_run */
    void* result; /* storage for it; null for void */
} heddle_request;

/* The answer to a call that does not wait for it: host-owned, shared by the future that waits for it, the message and
 * the function that answers; freed when all of them have let go. */
typedef struct heddle_reply heddle_reply;

/* Puts what `from` refers to into the place of a message's block. */
typedef void heddle_fill(void* place, const void* from);

enum {                         /* heddle_calls.state and .wait */
       HEDDLE_PENDING = 0,     /* not answered yet */
       HEDDLE_ANSWERED = 1,    /* the result is there */
       HEDDLE_NOT_ANSWERED = 2 /* the call failed: take() tells why */
};

/* What messages are made of. A message is made in two steps: reserve() gives the place for its block, the caller puts
 * the arguments there, commit() sends it. Nothing else may be sent to that module between the two. */
typedef struct heddle_calls {
    uint32_t size;
    uint32_t version;

    /* Has the function that `link` leads to run on its module's thread, and waits for it: at most until the thread's
     * deadline or the host's call_timeout. What has begun by then is waited for, unless all of it can be done without
     * the caller's memory (HEDDLE_OWN_BLOCK, and a flat result of at most 48 bytes). 1: answered; 0: the thread's
     * failure is set. Allocates nothing. What a handle's `queued` code calls. [any thread, inside a call] */
    uint32_t (*queued)(heddle_link* link, const heddle_request* request);
    /* 1 if the function that `link` leads to is queued just now. [any thread] */
    uint32_t (*is_queued)(const heddle_link* link);

    /* A place of `bytes` bytes, aligned to 8, for the block of a message to the function that `link` leads to, whose
     * answer goes to `reply` (null: to nobody). Waits as the function's `full` says, and at the link's gate. Null: the
     * thread's failure is set; or, with no failure, the message was dropped and counted. [any thread, inside a call] */
    void* (*reserve)(heddle_link* link, uint64_t bytes, heddle_reply* reply);
    /* The same for a task of the module's own: `run` is given the place on the module's thread, then `drop` (may be
     * null), which alone is called if the module ends before. Waits for room as HEDDLE_BLOCK. [any thread] */
    void* (*reserve_task)(heddle_module* module, uint64_t bytes, heddle_task* run, heddle_task* drop);
    /* Sends what was put at `place`, or gives the place back unused. [the thread that reserved it] */
    void (*commit)(void* place);
    void (*withdraw)(void* place);

    /* The thread's deadline in nanoseconds of CLOCK_MONOTONIC, INT64_MAX for none, which bounds every wait of its calls
     * and travels with them. Gives the one before; a later one than that changes nothing. [any thread] */
    int64_t (*shorten_deadline)(int64_t deadline);
    /* Puts back what shorten_deadline gave. [any thread] */
    void (*restore_deadline)(int64_t deadline);
    /* The time of those deadlines. [any thread] */
    int64_t (*now)(void);
    /* Sets the thread's failure HEDDLE_TIMEOUT for a call through `link` whose answer came after `deadline`.
     * [any thread] */
    void (*fail_late)(heddle_link* link, int64_t deadline);

    /* A reply with room for a result of that size and alignment, which `destroy` ends (null: nothing to end). Null: the
     * thread's failure is set. The caller holds it once; a message that carries it holds it once more.
     * [any thread, inside a call] */
    heddle_reply* (*reply_new)(heddle_link* link, uint64_t size, uint64_t align, heddle_destroy* destroy);
    void (*reply_release)(heddle_reply* reply);
    /* One of HEDDLE_PENDING ..., with acquire order. [any thread] */
    uint32_t (*reply_state)(const heddle_reply* reply);
    /* Waits until answered, at most until `deadline`. With HEDDLE_PENDING the thread's failure is set: HEDDLE_TIMEOUT,
     * or HEDDLE_DEADLOCK at once where the wait would close a cycle. [any thread] */
    uint32_t (*reply_wait)(heddle_reply* reply, int64_t deadline);
    /* The result, which stays the reply's; null if the call failed: then its failure is made the thread's. Only once
     * answered. [any thread] */
    void* (*reply_take)(heddle_reply* reply);
    /* Has `run(context)` called on the thread of the module whose handle it was, holding the module, once answered;
     * then `drop(context)`, which alone is called if the module ends before. At most one a reply. Fails with
     * HEDDLE_INVALID for a handle of the embedding application, which has no such thread. [any thread] */
    heddle_status (*reply_then)(heddle_reply* reply, heddle_task* run, heddle_task* drop, void* context);

    /* Inside a function that runs from a mailbox: takes over answering the message. The place of its result stays
     * until answer() is called, its block only until `run` returns. Null: the function does not run from a mailbox; or
     * the one that waits for it is this thread, further out, so that a later answer would never come: it is told
     * HEDDLE_DEADLOCK. [module thread, inside heddle_function.run] */
    heddle_reply* (*defer)(void);
    /* Before an answer that was deferred: 1 and the place of its result (null for void and for a post), or 0: nobody
     * wants it any more, and there is nothing to construct or to fail with; the reply is gone. [module thread] */
    uint32_t (*answer_begin)(heddle_reply* deferred, void** result);
    /* Answers what defer() gave, after answer_begin(): the result is constructed, or the thread's failure is set. The
     * reply is gone then. [module thread] */
    void (*answer)(heddle_reply* deferred);

    /* Takes back what reply_then() was given: neither `run` nor `drop` is called after this. [the thread of the module
     * whose handle it was] */
    void (*reply_forget)(heddle_reply* reply);

    /* reserve() for a message that nobody answers, `fill(place, from)` and commit() in one. `fill` only copies: it
     * neither fails nor calls anything of the host. 1: sent; 0: as reserve()'s null. [any thread, inside a call] */
    uint32_t (*post)(heddle_link* link, uint64_t bytes, heddle_fill* fill, const void* from);
} heddle_calls;

/* ---- the plugin as the host sees it ------------------------------------------------------------------------- */

/* What the entry returns: static storage of the plugin. Everything here runs on the module's own thread. */
typedef struct heddle_plugin {
    uint32_t size;
    uint32_t version;

    /* Constructs a module and gives its instance. On failure the status says why and nothing was constructed. */
    heddle_status (*create)(const heddle_host* host, heddle_module* module, const heddle_value* config,
                            void** instance);
    /* After binding and after everything that it requires has started. */
    heddle_status (*start)(void* instance);
    /* The module's work: returns when asked to stop (heddle_host.stopping). Returning earlier is no failure: the
     * host goes on to serve the module's timers. */
    heddle_status (*run)(void* instance);
    /* After run has returned, while everything that it requires still runs. Always called once start succeeded. */
    heddle_status (*stop)(void* instance);
    /* Ends the instance; nothing of it may be left behind. */
    void (*destroy)(void* instance);
} heddle_plugin;

/* The entry's type. Called once a load, on the control thread, to hand over tables and nothing more: it must not
 * block, start anything or call back. Null means that the plugin cannot work with this host. */
typedef const heddle_plugin* heddle_entry(const heddle_host* host);

/* ---- what can be known without loading ------------------------------------------------------------------------ */

#define HEDDLE_INFO_SECTION ".heddle.plugin"
#define HEDDLE_INFO_MAGIC "heddle\x1a\n" /* 8 characters, no terminator */

/* What a compiled call touches, as offsets and sizes: part of the contract, and so checked where it is compiled and
 * compared when a plugin is inspected. */
#define HEDDLE_LAYOUT \
    "lp64le thread:top@8,cells@16,failed@24 stack:65536 link:64,endpoint@8,cell@16,open@20,host@24 cell:16"

#ifdef __cplusplus
#define HEDDLE_ASSERT_LAYOUT(condition) \
    static_assert(condition, "this target does not have the layout of the heddle ABI")
#else
#define HEDDLE_ASSERT_LAYOUT(condition) \
    _Static_assert(condition, "this target does not have the layout of the heddle ABI")
#endif
HEDDLE_ASSERT_LAYOUT(offsetof(heddle_thread, top) == 8 && offsetof(heddle_thread, cells) == 16);
HEDDLE_ASSERT_LAYOUT(offsetof(heddle_thread, failed) == 24 && sizeof(heddle_thread) == 64);
HEDDLE_ASSERT_LAYOUT(sizeof(heddle_link) == 64 && offsetof(heddle_link, endpoint) == 8);
HEDDLE_ASSERT_LAYOUT(offsetof(heddle_link, cell) == 16 && offsetof(heddle_link, open) == 20);
HEDDLE_ASSERT_LAYOUT(offsetof(heddle_link, host) == 24);
HEDDLE_ASSERT_LAYOUT(sizeof(heddle_cell) == 16 && offsetof(heddle_cell, left) == 0);
HEDDLE_ASSERT_LAYOUT(sizeof(heddle_endpoint) == 24 && offsetof(heddle_endpoint, code) == 8);
HEDDLE_ASSERT_LAYOUT(offsetof(heddle_endpoint, self) == 16 && sizeof(void*) == 8);

/* The contents of the section HEDDLE_INFO_SECTION: exactly one per plugin, with no relocations, so that a tool reads
 * it from the file. Texts are terminated UTF-8 within their arrays. `layout` is what the plugin was compiled to
 * touch of the thread record, a link and an endpoint (HEDDLE_LAYOUT); a host whose own differs refuses it. */
typedef struct heddle_plugin_info {
    uint32_t size;
    uint32_t version;
    char magic[8];
    uint32_t abi_major, abi_minor;
    char name[64];
    char version_text[32];
    char summary[192];
    char sdk_version[32];
    char toolchain[96];
    char layout[128];
} heddle_plugin_info;

/* ---- extension "heddle.loop/1": file descriptors in a module's loop ------------------------------------------- */

/* The id under which heddle_host.extension gives a `const heddle_loop*`, from ABI 1.1 on. */
#define HEDDLE_LOOP "heddle.loop/1"

enum { /* what a watch waits for, and what it is told; a set of bits */
       HEDDLE_READABLE = 1,
       HEDDLE_WRITABLE = 2,
       HEDDLE_HANGUP = 4, /* told only: the other end is gone. Comes with the bits that were waited for */
       HEDDLE_FAULT = 8   /* told only: an error that reading or writing will give. Comes with them too */
};

enum {                 /* heddle_watch.flags */
       HEDDLE_ONCE = 1 /* ends after its first run, as a one-shot timer does */
};

typedef void heddle_ready(void* context, uint32_t events);

/* A file descriptor that a module's loop watches. It stays the module's: the host neither closes nor changes it. The
 * host takes `context` over when the call succeeds and gives it to `drop` exactly once, on the module's thread: after
 * the run of a HEDDLE_ONCE, after an unwatch, or when the module ends. */
typedef struct heddle_watch {
    uint32_t size;
    uint32_t version;
    int32_t fd;
    uint32_t events;   /* HEDDLE_READABLE, HEDDLE_WRITABLE or both */
    heddle_ready* run; /* on the module's thread, holding the module, as long as it is ready: what is left unread is
                          told again in the next round. No exception may leave it */
    heddle_task* drop; /* may be null */
    void* context;
    uint32_t flags;
    uint32_t reserved;
} heddle_watch;

/* The table of the extension. */
typedef struct heddle_loop {
    uint32_t size;
    uint32_t version;

    /* Watches a descriptor and gives the watch's id (never 0, never given twice). A descriptor has one watch. Those of
     * a module that is not running yet are looked at once it runs. Unwatch a descriptor before it is closed: one that
     * is closed while it is watched is not told of any more (or, where duplicates of it are open, still is), and its
     * watch keeps its context until it is unwatched. Fails with HEDDLE_INVALID off the module's thread, for a
     * descriptor that is not open, is watched already or cannot be waited for (a regular file, a directory), or for no
     * events, and with HEDDLE_NO_RESOURCE when memory, descriptors or the user's watches ran out. [module thread] */
    heddle_status (*watch)(heddle_module* module, const heddle_watch* watch, uint64_t* id);
    /* Changes what a watch waits for; none at all lets it rest until it is changed again. Fails with HEDDLE_INVALID for
     * an unknown id or a descriptor that was closed. [module thread] */
    heddle_status (*rewatch)(heddle_module* module, uint64_t id, uint32_t events);
    /* Ends a watch; an unknown id is ignored. A watch may end itself while it runs, or another that is ready as well
     * and then does not run any more. [module thread] */
    void (*unwatch)(heddle_module* module, uint64_t id);

    /* How many ticks of the module's periodic timers were skipped, because its thread came too late for them.
     * [module thread] */
    uint64_t (*missed_ticks)(heddle_module* module);
} heddle_loop;

/* ---- extension "heddle.events/1": events and their subscribers, since 1.1 ---------------------------------------- */

#define HEDDLE_EVENTS "heddle.events/1"

/* Whom an event goes to: immutable once published. The host frees it once every raise that may read it is over, which
 * it knows by the event's own link on the stacks of those that raise. */
typedef struct heddle_subscribers {
    uint32_t size;
    uint32_t version;
    uint64_t count;            /* > 0 */
    heddle_link* const* links; /* one of each subscriber; an endpoint's code takes `self` and the event's arguments */
} heddle_subscribers;

/* An event as those see it that raise it. Host-owned; lives as long as the module that declared it.
 *
 * To raise: with no subscribers, do nothing. Else put `link` and then a null on the thread's stack of links, load
 * `subscribers` again, and for each: store its link in the place of the null, then load its endpoint (in this order, as
 * for any call), call it, and if the thread's `failed` or `attention` is set then, attend(). Then take both off. */
typedef struct heddle_event {
    uint32_t size;
    uint32_t version;
    const heddle_subscribers* subscribers; /* null: none just now. Load with acquire; pairs with the host's release */
    heddle_link* link;                     /* the event's own, which leads nowhere: it says that the thread raises */
    const struct heddle_events* events;
    void* host_record; /* the host's own record of this event */
} heddle_event;

/* An event that a module declares. Copied by the host during the call; its code lives as long as the module. */
typedef struct heddle_event_declaration {
    uint32_t size;
    uint32_t version;
    heddle_str name; /* without the module's name; [a-z0-9_.] */
    heddle_signature signature;
    heddle_code* silent;  /* code of this signature that does nothing: what a raise meets of one who has gone */
    heddle_code* queued;  /* code of this signature whose self is the link, and which sends copies of the arguments as a
                             message (heddle_calls.reserve); null where no message can hold them */
    heddle_destroy* drop; /* ends the block of such a message; null where nothing needs it */
} heddle_event_declaration;

/* What a module subscribes with. Copied by the host during the call. */
typedef struct heddle_subscriber {
    uint32_t size;
    uint32_t version;
    heddle_str event; /* the full name, "sensor.changed", before wiring */
    heddle_signature signature;
    heddle_code* code; /* takes `self` and the event's arguments; null if queued. One that takes the module does nothing
                          where the innermost link is not open any more once it has it */
    heddle_run* run;   /* the same with a message's block; needed if queued, else null */
    void* self;
    uint32_t policy;
    uint32_t full;
    uint32_t flags; /* HEDDLE_OPTIONAL: the event may be missing */
    uint32_t reserved;
    heddle_task* drop; /* given `self` exactly once, after the last run has ended, on any thread; may be null */
} heddle_subscriber;

/* A module's subscription: host-owned, until unsubscribe(). */
typedef struct heddle_subscription heddle_subscription;

typedef struct heddle_events {
    uint32_t size;
    uint32_t version;

    /* Adds an event to the module. Fails with HEDDLE_INVALID for a bad or duplicate name or outside of create, and
     * HEDDLE_NO_RESOURCE when the host has no link left. [declare] */
    heddle_status (*declare)(heddle_module* module, const heddle_event_declaration* declaration,
                             const heddle_event** event);

    /* Subscribes the module. It is called from when it runs, whenever the module runs that raises the event, which may
     * come and go. Inside of create the event is looked for when the module is bound, else at once: then it fails with
     * HEDDLE_UNAVAILABLE where nobody raises it, unless HEDDLE_OPTIONAL, and HEDDLE_INVALID where it has another
     * signature. HEDDLE_INVALID for a bad name or an unknown policy too, and HEDDLE_NO_RESOURCE when the host has no
     * link left. On failure `self` is not given to `drop`. [any thread, while the module is there] */
    heddle_status (*subscribe)(heddle_module* module, const heddle_subscriber* subscriber,
                               heddle_subscription** subscription);
    /* Ends a subscription: when this returns no other thread is inside of its code and none will be again; messages of
     * it that have not run are dropped and counted. Waits for those inside, at most the host's drain_timeout, but not
     * for the calling thread itself, which may be: then `drop` comes once it has left. [any thread] */
    void (*unsubscribe)(heddle_subscription* subscription);
    /* 1 while it is called when the event is raised. [any thread] */
    uint32_t (*is_active)(const heddle_subscription* subscription);

    /* What a raise calls when `failed` or `attention` is set after a subscriber was called, with its link still on the
     * stack: counts the failure and tells it in the subscriber's log, and ends what waited for this thread to leave.
     * [any thread, inside a raise] */
    void (*attend)(heddle_link* link);
} heddle_events;

/* ---- extension "heddle.callbacks/1": functions as arguments, since 1.1 ------------------------------------------- */

#define HEDDLE_CALLBACKS "heddle.callbacks/1"

/* A function that is passed as an argument. Host-owned and counted: it lives until everybody who holds it has released
 * it. In a signature, callback<...> is a pointer to one, null for an empty one; who is given one by value holds it
 * once.
 *
 * It is called through its link as any function is, but its endpoint may have no code (null): then, if
 * heddle_calls.is_queued, the arguments go to heddle_calls.queued; else its maker has gone, and heddle_host.gate says
 * so. Both with code of the caller's own, as the maker's may be unmapped. */
typedef struct heddle_callback {
    uint32_t size;
    uint32_t version;
    heddle_link* link;
    const struct heddle_callbacks* callbacks;
    void* host_record; /* the host's own record of this callback */
} heddle_callback;

/* What a callback is made of. Copied by the host during the call. */
typedef struct heddle_callback_declaration {
    uint32_t size;
    uint32_t version;
    heddle_signature signature;
    heddle_code* code; /* takes `self` and the signature's arguments; null if queued */
    heddle_run* run;   /* the same with a message's block; needed if queued */
    void* self;
    uint32_t policy;
    uint32_t full;
    heddle_task* drop;          /* given `self` once, when nobody holds the callback, or when its module ends; on any
                                   thread, not holding the module; may be null */
    heddle_destroy* drop_block; /* as heddle_handle.drop */
} heddle_callback_declaration;

typedef struct heddle_callbacks {
    uint32_t size;
    uint32_t version;

    /* Makes a callback into the module, which `host` runs. The caller holds it once. It leads to nothing once the
     * module stops. Fails with HEDDLE_INVALID for an unknown policy, and HEDDLE_NO_RESOURCE when the host has no link
     * or memory left; then `self` is not given to `drop`. [any thread, while the module is there] */
    heddle_status (*make)(const heddle_host* host, heddle_module* module,
                          const heddle_callback_declaration* declaration, heddle_callback** callback);
    /* One more, and one less, that holds it. [any thread] */
    void (*retain)(heddle_callback* callback);
    void (*release)(heddle_callback* callback);
} heddle_callbacks;

#ifdef __cplusplus
}
#endif

#endif
