/* The lock behind the exclusive policy: three callers of one module.
 *
 * Follows try_enter(), leave(), wait() and wake_one() in host/src/plane/exclusive.{hpp,cpp}. Each caller enters the
 * module ENTRIES times. The look before the sleep stands for any number of looks. Nobody's patience ends, so that a lost
 * wake-up is an invalid end state; with BOUNDED caller 2 may give up at any moment of its sleep, as host.call_timeout
 * has it.
 *
 * What must hold: never two in the module; each sees what the one before has done; nobody sleeps while the module is
 * free and nobody is about to take it.
 *
 * Faults: NO_MEMBARRIER (before the look that precedes the sleep), NO_NOTE_AGAIN (who was woken does not write the
 * others' note again), SLEEPS_BLINDLY (whatever the note says by then); with BOUNDED: NO_LOOK_AGAIN (who gives up does
 * not look whether it took another's wake-up); with REORDER: PLAIN_LEAVE (without release).
 */
#ifndef THREADS
#define THREADS 3
#endif
#define WORDS 4
#define WORD 1 /* 1: held */
#define NOTE 2
#define SLEEPERS 3
#define DATA 4 /* of the module: how many have entered */

#ifndef ENTRIES
#define ENTRIES 1
#endif

byte inside;
byte entered;
byte ended; /* callers */

inline name_of(word_) {
    if
    :: (word_) == WORD -> printf("word")
    :: (word_) == NOTE -> printf("note")
    :: (word_) == SLEEPERS -> printf("sleepers")
    :: (word_) == DATA -> printf("data of the module")
    fi
}
inline name_of_thread(thread) {
    printf("caller %d", thread)
}
inline reached(word_, value_) {
    skip
}
#include "memory.pml"

inline wake_one() {
    exchange(value, NOTE, 0);
    if
    :: value != 0 -> futex_wake_one(NOTE)
    :: else
    fi
}

inline leave() {
#ifdef PLAIN_LEAVE
    store(WORD, 0);
#else
    store_release(WORD, 0);
#endif
    load(value, NOTE);
    if
    :: value != 0 -> wake_one()
    :: else
    fi
}

inline wait() {
    add(SLEEPERS, 1);
    do
    :: store_release(NOTE, 1);
#ifndef NO_MEMBARRIER
        membarrier();
#endif
        compare_exchange_acquire(taken, WORD, 0, 1);
        if
        :: taken || is_late -> break
        :: else
        fi;
#if defined(SLEEPS_BLINDLY)
        futex_wait(NOTE, memory[NOTE])
#elif defined(BOUNDED)
        if
        :: me == 2 -> futex_wait_bounded(NOTE, 1, is_late)
        :: else -> futex_wait(NOTE, 1)
        fi
#else
        futex_wait(NOTE, 1)
#endif
    od;
    add(SLEEPERS, -1);
#ifndef NO_NOTE_AGAIN
    if
    :: value > 1 ->
        store_release(NOTE, 1);
#ifndef NO_LOOK_AGAIN
        if
        :: !taken ->
            membarrier();
            load(value, WORD);
            if
            :: value == 0 -> wake_one()
            :: else
            fi
        :: else
        fi
#endif
    :: else
    fi
#endif
}

inline add(word_, difference) {
    d_step {
        ACQUIRE_READY(word_);
        value = memory[word_];
        memory[word_] = memory[word_] + difference;
        says();
        printf("counts ");
        name_of(word_);
        printf(": %d\n", memory[word_])
    }
}

inline run_module() {
    inside++;
    assert(inside == 1);
    load(value, DATA);
    store(DATA, value + 1);
    entered++;
    assert(inside == 1);
    inside--
}

proctype caller(byte me) {
    byte entries = 0;
    byte value = 0;
    bool taken = false;
    bool is_late = false;
    do
    :: entries < ENTRIES ->
        entries++;
        compare_exchange_acquire(taken, WORD, 0, 1); /* try_enter() */
        if
        :: !taken -> wait()
        :: else
        fi;
        if
        :: taken -> run_module(); leave()
        :: else -> assert(is_late)
        fi;
        value = 0;
        taken = false;
        is_late = false
    :: else -> break
    od;
    ended++
}

init {
    atomic {
        run store_buffer(0);
        run store_buffer(1);
        run caller(0);
        run caller(1);
#if THREADS > 2
        run store_buffer(2);
        run caller(2)
#endif
    }
    /* All have ended: they have entered as often as the module has counted. */
    ended == THREADS && buffer[0].length == 0 && buffer[1].length == 0;
#if THREADS > 2
    buffer[2].length == 0;
#endif
    assert(memory[DATA] == entered)
}
