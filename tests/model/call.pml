/* A call that waits for the module's thread: one caller whose patience may end at any moment, and the module's thread.
 *
 * Follows wait_for_answer(), sleep_for_answer(), take_back() and answer() in host/src/plane/messages.cpp,
 * Lane::claim() and Lane::take_back() in host/src/plane/mailbox.{hpp,cpp}.
 *
 * The caller makes CALLS calls, one after the other. All use the same ticket; each has a frame of its own, which is
 * gone when the call has come back. How the consumer is woken, and room in the lane, is the mailbox's model.
 *
 * What must hold: a call that was taken back is never run; what is not taken back is answered once; no frame is touched
 * after its call has come back, and no ticket for a later call; the caller is not left asleep.
 *
 * Faults: NO_MEMBARRIER (in take_back()), LOOKS_FIRST (the consumer looks for the mark before it claims), NO_ARBITER
 * (of a caller that sees the claim and a consumer that sees the mark), LEAVES (the caller does not wait for a call that
 * runs), ANSWERS_PLAINLY (a store in place of the exchange), SLEEPS_BLINDLY (whatever the ticket's state is by then).
 */
#define THREADS 2
#define CALLER 0
#define CONSUMER 1
#ifndef CALLS
#define CALLS 2
#endif
#define TICKET 1
#define CLAIMED 2
#define HEADER(number) (3 + (number))
#define WORDS (2 + CALLS)

#define WAITING 0 /* values of TICKET */
#define ANSWERED 1
#define SLEEPING 8 /* beside it */

#define SENT 1 /* bits of HEADER */
#define CANCELLED 2
#define SETTLED 4 /* of a caller that has seen the claim and a consumer that has seen the mark, one has come first */

bool has_frame[CALLS];
bool has_run[CALLS];
bool is_taken_back[CALLS];
byte current; /* the caller's call */

inline name_of(word_) {
    if
    :: (word_) == TICKET -> printf("ticket")
    :: (word_) == CLAIMED -> printf("claimed")
    :: else -> printf("header of call %d", (word_) - HEADER(0))
    fi
}
inline name_of_thread(thread) {
    if
    :: (thread) == CALLER -> printf("caller")
    :: else -> printf("consumer")
    fi
}
inline reached(word_, value_) {
    skip
}
#include "memory.pml"

inline fetch_or(old, word_, bits) {
    d_step {
        DRAINED;
        old = memory[word_];
        memory[word_] = memory[word_] | bits;
        says();
        printf("sets bits of ");
        name_of(word_);
        printf(", which becomes %d\n", memory[word_])
    }
}
inline fetch_and_not(word_, bits) {
    d_step {
        DRAINED;
        memory[word_] = memory[word_] & (255 - (bits));
        says();
        printf("clears bits of ");
        name_of(word_);
        printf(", which becomes %d\n", memory[word_])
    }
}

/* ---- the caller ---- */

inline take_back(number) {
    load(value, HEADER(number));
    store(HEADER(number), value | CANCELLED);
#ifndef NO_MEMBARRIER
    membarrier();
#endif
    load(value, CLAIMED);
    if
    :: value < number + 1 -> is_back = true
    :: else ->
#ifndef NO_ARBITER
        fetch_or(value, HEADER(number), SETTLED);
        is_back = (value & SETTLED) != 0 /* the consumer came first, and skips the call */
#endif
    fi;
    is_taken_back[number] = is_back
}

inline sleep_for_answer() {
    compare_exchange(done, TICKET, WAITING, WAITING | SLEEPING);
    if
    :: done ->
#ifdef SLEEPS_BLINDLY
#define EXPECTED memory[TICKET]
#else
#define EXPECTED (WAITING | SLEEPING)
#endif
        if
        :: !is_late -> futex_wait_bounded(TICKET, EXPECTED, is_late)
        :: else -> futex_wait(TICKET, EXPECTED)
        fi;
        fetch_and_not(TICKET, SLEEPING);
        done = false
    :: else
    fi
}

inline call(number) {
    has_frame[number] = true;
    current = number;
    store(TICKET, WAITING);
    store_release(HEADER(number), SENT);
    do
    :: load(value, TICKET);
        if
        :: (value & 7) == ANSWERED ->
            assert(has_run[number]);
            break
        :: else
        fi;
        if
        :: true /* its time is over, or it sees that it would close a cycle */ ->
            is_late = true
        :: true
        fi;
        if
        :: is_late && !taken ->
            take_back(number);
#ifdef LEAVES
            break;
#endif
            if
            :: is_back -> break
            :: else -> taken = true /* it runs, and will be answered */
            fi
        :: else -> sleep_for_answer()
        fi
    od;
    atomic {
        has_frame[number] = false;
        printf("caller: call %d has come back\n", number);
        value = 0;
        is_late = false;
        is_back = false;
        taken = false
    }
}

proctype caller(byte me) {
    byte number = 0;
    byte value = 0;
    bool is_late = false;
    bool taken = false;
    bool is_back = false;
    bool done = false;
    do
    :: number < CALLS ->
        call(number);
        number++
    :: else -> break
    od
}

/* ---- the consumer ---- */

inline answer(number) {
    assert(has_frame[number] && current == number);
#ifdef ANSWERS_PLAINLY
    load(value, TICKET);
    store_release(TICKET, ANSWERED);
#else
    exchange(value, TICKET, ANSWERED);
#endif
    if
    :: (value & SLEEPING) != 0 -> futex_wake_one(TICKET)
    :: else
    fi
}

inline run_record(number) {
    d_step {
        assert(has_frame[number] && !has_run[number] && !is_taken_back[number]);
        has_run[number] = true;
        printf("consumer: runs call %d\n", number)
    }
    assert(has_frame[number]); /* the result is written there */
    answer(number)
}

proctype consumer(byte me) {
    byte number = 0;
    byte value = 0;
    do
    :: number < CALLS ->
        memory[HEADER(number)] != 0; /* front() */
#ifdef LOOKS_FIRST
        load(value, HEADER(number));
        store(CLAIMED, number + 1);
#else
        store(CLAIMED, number + 1); /* claim() */
        load(value, HEADER(number));
#endif
        if
        :: (value & CANCELLED) == 0 -> run_record(number)
        :: else ->
#ifndef NO_ARBITER
            fetch_or(value, HEADER(number), SETTLED);
            if
            :: (value & SETTLED) != 0 -> run_record(number) /* the caller came first, and waits for the answer */
            :: else
            fi
#endif
        fi;
        value = 0;
        number++
    :: else -> break
    od
}

init {
    atomic {
        run store_buffer(CALLER);
        run store_buffer(CONSUMER);
        run caller(CALLER);
        run consumer(CONSUMER)
    }
}
