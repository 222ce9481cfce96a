/* The grace period: two callers and the control thread that unloads a module.
 *
 * Follows publish(), load_endpoint() and retract() in sdk/include/heddle/call.hpp, shut() in host/src/plane/links.cpp,
 * wait_until_left() in host/src/plane/grace.cpp and links_of() in host/src/plane/threads.cpp.
 *
 * Module `m` is unloaded, module `n` stays. Link x leads from the application to m, link y from the application to n,
 * link z from m to n; z goes with m. Caller 0 makes CALLS_0 calls and caller 1 CALLS_1: to m; to m, which calls n; or to n, which
 * calls m. So slots of the stack are used again for other links, at both depths.
 *
 * What must hold: no call runs code of m after it was unmapped, nothing that code has stored reaches memory after that,
 * no scan meets the freed link z, and the scan ends.
 *
 * Faults: NO_MEMBARRIER, ENDPOINT_FIRST (read before the link is published), SCAN_FIRST (before the links are shut);
 * with REORDER: PLAIN_TOP (publish() without release), NO_LAST_MEMBARRIER (the slot that the scan saw used again may
 * have overtaken what the call before it stored).
 */
#define THREADS 3
#define CONTROL 2
#define WORDS 8
#define ENDPOINT 1 /* of link x */
#define TOP(thread) (2 + (thread))
#define SLOT(thread, depth) (4 + 2 * (thread) + (depth))
#define DATA 8 /* what the code of m writes to */

#define CODE 0 /* values of ENDPOINT */
#define GATE 1
#define X 1 /* links */
#define Y 2
#define Z 3

#ifndef CALLS_0
#define CALLS_0 2
#endif
#ifndef CALLS_1
#define CALLS_1 1
#endif

bool unmapped; /* m's code, and z with it */

inline name_of(word_) {
    if
    :: (word_) == ENDPOINT -> printf("x.endpoint")
    :: (word_) == TOP(0) || (word_) == TOP(1) -> printf("top of caller %d", (word_) - TOP(0))
    :: (word_) >= SLOT(0, 0) && (word_) <= SLOT(1, 1) ->
        printf("slot %d of caller %d", ((word_) - SLOT(0, 0)) % 2, ((word_) - SLOT(0, 0)) / 2)
    :: (word_) == DATA -> printf("data of m")
    fi
}
inline name_of_thread(thread) {
    if
    :: (thread) == CONTROL -> printf("control")
    :: else -> printf("caller %d", thread)
    fi
}
inline reached(word_, value_) {
    assert(!((word_) == DATA && unmapped)) /* nothing that m has stored comes after it is gone */
}
#include "memory.pml"

/* ---- the caller: heddle/call.hpp ---- */

#ifdef PLAIN_TOP
#define STORE_TOP store
#else
#define STORE_TOP store_release
#endif

inline publish(depth, link) {
    store(SLOT(me, depth), link);
    STORE_TOP(TOP(me), (depth) + 1)
}
inline retract(depth) {
    store_release(TOP(me), depth)
}
inline run_code_of_m() {
    assert(!unmapped);
    printf("        ");
    name_of_thread(me);
    printf(" runs code of m\n")
}

/* A call through x. At the gate it fails: m is stopped. */
inline call_m(depth) {
#ifdef ENDPOINT_FIRST
    load(endpoint, ENDPOINT);
    publish(depth, X);
#else
    publish(depth, X);
    load(endpoint, ENDPOINT);
#endif
    if
    :: endpoint == CODE ->
        run_code_of_m();
        if
        :: calls_from_m -> /* through z */
            publish((depth) + 1, Z);
            retract((depth) + 1);
            run_code_of_m()
        :: else
        fi;
        store(DATA, 1)
    :: endpoint == GATE -> store_release(SLOT(me, depth), 0) /* wait_at_gate(): off the stack */
    fi;
    endpoint = 0;
    retract(depth)
}

proctype caller(byte me) {
    byte calls = 0;
    byte endpoint = 0;
    bool calls_from_m = false;
    do
    :: calls < (me == 0 -> CALLS_0 : CALLS_1) ->
        calls++;
        if
        :: call_m(0)
        :: calls_from_m = true; call_m(0); calls_from_m = false
        :: publish(0, Y); call_m(1); retract(0)
        fi
    :: else -> break
    od
}

/* ---- the control thread: plane/grace.cpp ---- */

/* One look at all stacks. When it finds a frame into m, it looks again; as nothing comes of that before the frame has
 * changed, it waits for that here. So a scan that never ends is an invalid end state. */
inline scan() {
    thread = 0;
    do
    :: thread < 2 ->
        load(top, TOP(thread)); /* links_of() */
        slot = 0;
        do
        :: slot < top ->
            load(link, SLOT(thread, slot));
            assert(!(link == Z && unmapped)); /* z is freed by then */
            if
            :: link == X && !unmapped ->
                memory[TOP(thread)] != top || memory[SLOT(thread, slot)] != link;
                thread = 0;
                break
            :: else -> slot++
            fi
        :: slot >= top -> thread++; break
        od;
        slot = 0;
        top = 0;
        link = 0
    :: else -> break
    od;
    thread = 0
}

proctype control(byte me) {
    byte thread = 0;
    byte top = 0;
    byte slot = 0;
    byte link = 0;
#ifdef SCAN_FIRST
    membarrier();
    scan();
#endif
    store_release(ENDPOINT, GATE); /* shut() */
#ifndef NO_MEMBARRIER
    membarrier();
#else
    DRAINED;
#endif
#ifndef SCAN_FIRST
    scan(); /* wait_until_left() */
#endif
#ifndef NO_LAST_MEMBARRIER
    membarrier();
#endif
    d_step {
        unmapped = true;
        printf("control: m is unmapped, z is freed\n")
    }
    scan() /* of somebody else's grace period, or of a report */
}

init {
    atomic {
        run store_buffer(0);
        run store_buffer(1);
        run store_buffer(CONTROL);
        run caller(0);
        run caller(1);
        run control(CONTROL)
    }
}
