/* The lock behind the exclusive policy: three callers of one module.
 *
 * Follows host/src/plane/exclusive.{hpp,cpp}: try_enter(), leave() and wait_enter(), whose looks and rests take any
 * time. Each caller enters the module ENTRIES times. Nobody's patience ends and no sleeper looks for itself from time to
 * time, so that a lost wake-up is an invalid end state; with BOUNDED the last caller may give up at any moment of its sleep, as
 * host.call_timeout has it. The line is a set: who is next in it is anybody's guess. Whether the first in line was seen
 * to be looking is one too.
 *
 * What must hold: never two in the module; each sees what the one before has done; nobody sleeps while the module is
 * free and nobody is about to take it; the first in line is not overtaken more than MOST times.
 *
 * Faults: NO_MEMBARRIER (before the look that precedes the wait), NO_SECOND_LOOK (of who leaves, after its store),
 * NO_LOOK_AFTER_RELEASE (whether somebody arrived or went to sleep), CALMS_BLINDLY (whoever arrived meanwhile),
 * CLEARS_LATE (the flag of who went to sleep, after the next was told), NO_BOUND (of overtakings); with BOUNDED:
 * GOES_SILENTLY (who gives up tells nobody); with REORDER: PLAIN_LEAVE (without release).
 */
#ifndef THREADS
#define THREADS 3
#endif
#define WORDS 8
#define HOLDER 1 /* the caller's number and one; NOBODY: who looks after the line */
#define CONTENDED 2
#define ARRIVALS 3 /* one bit for each caller */
#define DATA 4 /* of the module: how many have entered */
#define ATTENTION 5
#define STATE 6 /* of caller 0 as one that waits; the others' follow */

#define NOBODY 9
#define STANDING 1
#define SLEEPING 2
#define FIRST 3
#define FIRST_ASLEEP 4
#define CHOSEN 5
#define GRANTED 6
#define GONE 7

#ifndef ENTRIES
#define ENTRIES 1
#endif
#ifndef MOST
#define MOST 2 /* overtakings of the first in line */
#endif
#define NUDGES 1

byte inside;
byte entered;
byte ended; /* callers */

/* Touched by who holds the module. */
byte line;
byte told; /* the first in line's number and one; 0: nobody knows that it is */
byte overtakings;

inline name_of(word_) {
    if
    :: (word_) == HOLDER -> printf("holder")
    :: (word_) == CONTENDED -> printf("contended")
    :: (word_) == ARRIVALS -> printf("arrivals")
    :: (word_) == ATTENTION -> printf("attention")
    :: (word_) == DATA -> printf("data of the module")
    :: (word_) >= STATE -> printf("state of caller %d", (word_) - STATE)
    fi
}
inline name_of_thread(thread) {
    printf("caller %d", thread)
}
inline reached(word_, value_) {
    skip
}
#include "memory.pml"

/* Adds the caller to those who arrived. Sequentially consistent. */
inline arrive() {
    d_step {
        DRAINED;
        memory[ARRIVALS] = memory[ARRIVALS] | (1 << me);
        says();
        printf("arrives\n")
    }
}

inline drop(thread) {
    d_step {
        line = line & (7 - (1 << (thread)));
        if
        :: told == (thread) + 1 -> told = 0
        :: else
        fi
    }
}

inline admit_arrivals() {
    load(value, ARRIVALS);
    if
    :: value != 0 ->
        exchange(value, ARRIVALS, 0);
        line = line | value
    :: else
    fi
}

inline pick(thread) {
    if
    :: line & 1 -> thread = 0
    :: line & 2 -> thread = 1
    :: line & 4 -> thread = 2
    fi
}

inline tell_next() {
#ifndef CLEARS_LATE
    exchange(value, ATTENTION, 0);
#endif
    overtakings = 0;
    admit_arrivals();
    do
    :: line == 0 || told != 0 -> break
    :: line != 0 && told == 0 ->
        pick(other);
        compare_exchange(taken, STATE + other, STANDING, FIRST);
        if
        :: taken -> told = other + 1
        :: else ->
            compare_exchange(taken, STATE + other, SLEEPING, FIRST);
            if
            :: taken -> told = other + 1; sleeper = other + 1
            :: else ->
                load(value, STATE + other);
                if
                :: value == GONE -> drop(other)
                :: else
                fi
            fi
        fi
    od;
#ifdef CLEARS_LATE
    exchange(value, ATTENTION, 0);
#endif
    skip
}

/* is_left becomes true when it has handed the module over. */
inline hand_over() {
    other = told - 1;
    do
    :: compare_exchange(taken, STATE + other, FIRST, CHOSEN);
        if
        :: taken -> value = 0; break
        :: else
        fi;
        compare_exchange(taken, STATE + other, FIRST_ASLEEP, CHOSEN);
        if
        :: taken -> value = 1; break
        :: else
        fi;
        load(value, STATE + other);
        if
        :: value == GONE -> drop(other); break
        :: else
        fi
    od;
    if
    :: taken ->
        drop(other);
        store_release(HOLDER, other + 1);
        is_left = true;
        taken = value;
        exchange(value, STATE + other, GRANTED);
        if
        :: taken -> futex_wake_one(STATE + other)
        :: else
        fi
    :: else
    fi
}

inline serve_first() {
#ifdef NO_BOUND
    overtakings = (overtakings <= MOST -> overtakings + 1 : overtakings);
#else
    overtakings++;
#endif
    load(value, ATTENTION);
    if
    :: value != 0 -> exchange(value, ATTENTION, 0)
    :: else
    fi;
    attends = value;
    if
    :: memory[STATE + told - 1] == FIRST -> hand_over() /* it was seen to be looking */
#ifndef NO_BOUND
    :: overtakings >= MOST || (attends && overtakings >= NUDGES) -> hand_over()
    :: overtakings < MOST && !(attends && overtakings >= NUDGES) ->
#else
    :: true ->
#endif
        if
        :: attends ->
            other = told - 1;
            compare_exchange(taken, STATE + other, FIRST_ASLEEP, FIRST);
            if
            :: taken -> sleeper = told
            :: else ->
                load(value, STATE + other);
                if
                :: value == GONE -> drop(other)
                :: else
                fi
            fi
        :: else
        fi
    fi
}

inline calm_down() {
    if
    :: exchange(value, CONTENDED, 0);
#ifndef CALMS_BLINDLY
        load(value, ARRIVALS);
        if
        :: value != 0 -> exchange(value, CONTENDED, 1)
        :: else
        fi
#endif
    :: true
    fi
}

inline leave_contended() {
    is_left = false;
    do
    :: true ->
        sleeper = 0;
        if
        :: told != 0 -> serve_first()
        :: else
        fi;
        if
        :: is_left -> break
        :: else
        fi;
        if
        :: told == 0 && sleeper == 0 -> tell_next()
        :: else
        fi;
        attends = (told != 0);
        if
        :: !attends -> calm_down()
        :: else
        fi;
        exchange(value, HOLDER, 0);
        if
        :: sleeper != 0 -> futex_wake_one(STATE + sleeper - 1)
        :: else
        fi;
#ifdef NO_LOOK_AFTER_RELEASE
        break;
#endif
        load(value, ATTENTION);
        if
        :: value == 0 && !attends -> load(value, ARRIVALS)
        :: else
        fi;
        if
        :: value == 0 -> break
        :: else
        fi;
        compare_exchange_acquire(taken, HOLDER, 0, NOBODY);
        if
        :: !taken -> break
        :: else
        fi
    od;
    taken = false
}

inline serve() {
    compare_exchange_acquire(taken, HOLDER, 0, NOBODY);
    if
    :: taken -> leave_contended()
    :: else
    fi
}

inline leave() {
    load(value, CONTENDED);
    if
    :: value != 0 -> leave_contended()
    :: else ->
#ifdef PLAIN_LEAVE
        store(HOLDER, 0);
#else
        store_release(HOLDER, 0);
#endif
#ifndef NO_SECOND_LOOK
        load(value, CONTENDED);
        if
        :: value != 0 -> serve()
        :: else
        fi
#endif
    fi
}

inline take_from_line() {
    load(value, HOLDER);
    if
    :: value == 0 ->
        compare_exchange_acquire(taken, HOLDER, 0, me + 1);
        if
        :: taken -> admit_arrivals(); drop(me)
        :: else
        fi
    :: else
    fi
}

inline call_attention() {
    exchange(value, ATTENTION, 1);
    load(value, HOLDER);
    if
    :: value == 0 -> serve()
    :: else
    fi;
    taken = false
}

inline sleep_while(state_) {
#if defined(BOUNDED)
    if
    :: me == THREADS - 1 -> futex_wait_bounded(STATE + me, state_, is_late)
    :: else -> futex_wait(STATE + me, state_)
    fi
#else
    futex_wait(STATE + me, state_)
#endif
}

inline wait() {
    exchange(value, STATE + me, STANDING);
    arrive();
    exchange(value, CONTENDED, 1);
#ifndef NO_MEMBARRIER
    if
    :: value == 0 -> membarrier()
    :: else
    fi;
#endif
    take_from_line();
    do
    :: taken -> break
    :: !taken ->
        load(state, STATE + me);
        if
        :: state == GRANTED -> taken = true
        :: state == CHOSEN -> memory[STATE + me] != CHOSEN
        :: state < CHOSEN && is_late ->
            compare_exchange(taken, STATE + me, state, GONE);
            if
            :: taken ->
                taken = false;
#ifndef GOES_SILENTLY
                call_attention();
#endif
                break
            :: else -> skip
            fi
        :: state == STANDING && !is_late ->
            compare_exchange(taken, STATE + me, STANDING, SLEEPING);
            taken = false
        :: state == FIRST && !is_late ->
            if
            :: take_from_line()
            :: compare_exchange(taken, STATE + me, FIRST, FIRST_ASLEEP);
                if
                :: taken -> taken = false; call_attention()
                :: else
                fi
            fi
        :: (state == SLEEPING || state == FIRST_ASLEEP) && !is_late -> sleep_while(state)
        fi
    od
}

inline run_module() {
    inside++;
    assert(inside == 1);
    assert(overtakings <= MOST);
    load(value, DATA);
    store(DATA, value + 1);
    entered++;
    assert(inside == 1);
    inside--
}

proctype caller(byte me) {
    byte entries = 0;
    byte value = 0;
    byte state = 0;
    byte other = 0;
    byte sleeper = 0;
    bool attends = false;
    bool is_left = false;
    bool taken = false;
    bool is_late = false;
    do
    :: entries < ENTRIES ->
        entries++;
        compare_exchange_acquire(taken, HOLDER, 0, me + 1); /* try_enter() */
        if
        :: !taken -> wait()
        :: else
        fi;
        if
        :: taken -> run_module(); leave()
        :: else -> assert(is_late); break
        fi;
        d_step {
            value = 0;
            state = 0;
            other = 0;
            sleeper = 0;
            attends = false;
            is_left = false;
            taken = false;
            is_late = false
        }
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
