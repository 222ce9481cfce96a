/* The gate: two callers, and the control thread that replaces a module under them and at last stops it.
 *
 * Follows, beside what grace.pml does, wait_at_gate() in host/src/plane/calls.cpp, gate::code() in
 * sdk/include/heddle/call.hpp, and open() and shut() in host/src/plane/links.cpp.
 *
 * One link leads to the module. The control thread replaces generation 1 by generation 2, and generation 2 by generation
 * 3, which it may find broken: then the module is stopped instead. Caller 0 makes CALLS_0 calls and caller 1 CALLS_1.
 * Nobody's patience ends, so that a lost wake-up is an invalid end state; with BOUNDED a caller may give up at any
 * moment of its sleep.
 *
 * What must hold: no call runs code of a generation that is not mapped; each call is answered by a generation, or finds
 * the module unavailable where it was stopped (or the caller's time was over); everyone comes to an end.
 *
 * Faults: NO_MEMBARRIER, NO_PUBLISH_AGAIN (after the wait), PUBLISH_AGAIN_LATE (after the endpoint is read again),
 * KEEPS_FRAME (on the stack while it waits), NO_WAKE (in open()), WAKE_FIRST (open() wakes before it stores),
 * SLEEPS_BLINDLY (whatever the gate's word is by then), UNMAP_FIRST (before the scan).
 */
#define THREADS 3
#define CONTROL 2
#define WORDS 6
#define ENDPOINT 1
#define STATE 2 /* of the gate: LinkRecord::gate, which is the futex too */
#define TOP(thread) (3 + (thread))
#define SLOT(thread) (5 + (thread)) /* one is enough: grace.pml has nested calls */

#define GATE 0 /* values of ENDPOINT: the gate, or a generation */
#define OPEN 0 /* values of STATE */
#define STARTING 1
#define STOPPED 2
#define LINK 1

#ifndef CALLS_0
#define CALLS_0 2
#endif
#ifndef CALLS_1
#define CALLS_1 1
#endif

byte mapped = 1; /* the generation whose code is there; 0: none */
byte answers;    /* calls that came back */
bool stopped;

inline name_of(word_) {
    if
    :: (word_) == ENDPOINT -> printf("endpoint")
    :: (word_) == STATE -> printf("gate")
    :: (word_) == TOP(0) || (word_) == TOP(1) -> printf("top of caller %d", (word_) - TOP(0))
    :: (word_) == SLOT(0) || (word_) == SLOT(1) -> printf("slot of caller %d", (word_) - SLOT(0))
    fi
}
inline name_of_thread(thread) {
    if
    :: (thread) == CONTROL -> printf("control")
    :: else -> printf("caller %d", thread)
    fi
}
inline reached(word_, value_) {
    skip
}
#include "memory.pml"

/* ---- the caller ---- */

/* Steps of call() and gate::code(): ends with the answer. */
inline call_module() {
    store(SLOT(me), LINK); /* publish() */
    store_release(TOP(me), 1);
    load(endpoint, ENDPOINT);
    do
    :: endpoint != GATE ->
        assert(mapped == endpoint);
        printf("        caller %d runs code of generation %d\n", me, endpoint);
        assert(mapped == endpoint);
        break
    :: endpoint == GATE -> /* gate::code(): wait_at_gate() */
#ifndef KEEPS_FRAME
        store_release(SLOT(me), 0);
#endif
        load(state, STATE);
        do
        :: state == STARTING && !is_late ->
#if defined(BOUNDED)
            futex_wait_bounded(STATE, STARTING, is_late);
#elif defined(SLEEPS_BLINDLY)
            futex_wait(STATE, memory[STATE]);
#else
            futex_wait(STATE, STARTING);
#endif
            load(state, STATE)
        :: else -> break
        od;
        if
        :: state == OPEN ->
#ifdef PUBLISH_AGAIN_LATE
            load(endpoint, ENDPOINT);
#endif
#ifndef NO_PUBLISH_AGAIN
            store(SLOT(me), LINK);
#endif
#ifndef PUBLISH_AGAIN_LATE
            load(endpoint, ENDPOINT)
#endif
        :: else ->
            assert(state == STOPPED && stopped || is_late);
            printf("        caller %d: unavailable\n", me);
            break
        fi
    od;
    state = 0;
    endpoint = 0;
    is_late = false;
    store_release(TOP(me), 0) /* retract() */
}

proctype caller(byte me) {
    byte calls = 0;
    byte endpoint = 0;
    byte state = 0;
    bool is_late = false;
    do
    :: calls < (me == 0 -> CALLS_0 : CALLS_1) ->
        calls++;
        call_module();
        answers++
    :: else -> break
    od
}

/* ---- the control thread ---- */

inline shut(why) {
    store_release(STATE, why);
    store_release(ENDPOINT, GATE);
    futex_wake_all(STATE)
}
inline open(generation) {
#ifdef WAKE_FIRST
    futex_wake_all(STATE);
#endif
    store_release(ENDPOINT, generation);
    store_release(STATE, OPEN);
#if !defined(NO_WAKE) && !defined(WAKE_FIRST)
    futex_wake_all(STATE)
#endif
}

/* wait_until_left(); as in grace.pml, a further look waits for something to change. */
inline wait_until_left() {
#ifndef NO_MEMBARRIER
    membarrier();
#endif
    thread = 0;
    do
    :: thread < 2 ->
        load(top, TOP(thread));
        if
        :: top == 1 ->
            load(link, SLOT(thread));
            if
            :: link == LINK ->
                memory[TOP(thread)] != top || memory[SLOT(thread)] != link;
                thread = 0
            :: else -> thread++
            fi
        :: else -> thread++
        fi;
        top = 0;
        link = 0
    :: else -> break
    od;
    thread = 0;
#ifndef NO_MEMBARRIER
    membarrier()
#endif
}

inline unmap() {
    d_step {
        printf("control: generation %d is unmapped\n", mapped);
        mapped = 0
    }
}
inline map(generation) {
    d_step {
        mapped = generation;
        printf("control: generation %d is mapped\n", generation)
    }
}
inline drain() {
    shut(STARTING);
#ifdef UNMAP_FIRST
    unmap();
    wait_until_left()
#else
    wait_until_left();
    unmap()
#endif
}

proctype control(byte me) {
    byte thread = 0;
    byte top = 0;
    byte link = 0;
    drain();
    map(2);
    open(2);
    drain();
    if
    :: map(3); open(3)
    :: stopped = true; shut(STOPPED)
    fi
}

init {
    atomic {
        memory[ENDPOINT] = 1;
        memory[STATE] = OPEN;
        run store_buffer(0);
        run store_buffer(1);
        run store_buffer(CONTROL);
        run caller(0);
        run caller(1);
        run control(CONTROL)
    }
    answers == CALLS_0 + CALLS_1 /* no call is lost: else an invalid end state */
}
