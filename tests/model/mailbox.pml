/* The mailbox: PRODUCERS threads that send, and the module's thread, which runs what they sent or sleeps.
 *
 * Follows Lane::room(), publish(), front(), pop(), tell() and wait_for_room(), and Mailbox::run() in
 * host/src/plane/mailbox.{hpp,cpp}; Wakeup::notify(), wake() and sleep() in host/src/plane/wakeup.hpp.
 *
 * Each producer sends RECORDS records through its lane, a ring with SIZE places for a header and one word of body. The
 * consumer tells what it has taken after every TELL_EVERY records of a turn, and at the end of a turn of TURN records.
 * Nobody's patience ends, so that a lost wake-up is an invalid end state.
 *
 * What must hold: each record is run once, with what was sent in it, in the order of its lane; everyone comes to an
 * end.
 *
 * Faults: NO_PARK_MEMBARRIER, NO_LOOK_AGAIN (the consumer sleeps without a further look at the lanes),
 * NO_ROOM_MEMBARRIER (before the producer sleeps), TELLS_EARLY (of a turn before it is run), HEADER_FIRST (before the
 * body), NEXT_HEADER_LATE (zeroed after the record's own header is stored), NEXT_HEADER_UNCOUNTED (zeroed where the
 * consumer may not have been yet), TELLS_SELDOM (never at the end of a turn); with REORDER: PLAIN_HEADER (without
 * release).
 */
#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef RECORDS
#define RECORDS 2
#endif
#ifndef SIZE
#define SIZE 2
#endif
#ifndef TELL_EVERY
#define TELL_EVERY 1
#endif
#ifndef TURN
#define TURN 2
#endif

#define CONSUMER PRODUCERS
#define THREADS (PRODUCERS + 1)
#define STATE 1 /* of the consumer's Wakeup: the futex it sleeps on */
#define GIVEN_BACK(lane) (2 + (lane))
#define WAITS(lane) (2 + PRODUCERS + (lane))
#define HEADER(lane, place) (2 + 2 * PRODUCERS + 2 * (SIZE * (lane) + (place)))
#define BODY(lane, place) (HEADER(lane, place) + 1)
#define WORDS (1 + 2 * PRODUCERS + 2 * SIZE * PRODUCERS)

#define AWAKE 0 /* values of STATE */
#define IN_FUTEX 1

inline name_of(word_) {
    if
    :: (word_) == STATE -> printf("state")
    :: (word_) >= GIVEN_BACK(0) && (word_) < WAITS(0) -> printf("given_back of lane %d", (word_) - GIVEN_BACK(0))
    :: (word_) >= WAITS(0) && (word_) < HEADER(0, 0) -> printf("waits of lane %d", (word_) - WAITS(0))
    :: (word_) >= HEADER(0, 0) && ((word_) - HEADER(0, 0)) % 2 == 0 ->
        printf("header %d of lane %d", ((word_) - HEADER(0, 0)) / 2 % SIZE, ((word_) - HEADER(0, 0)) / 2 / SIZE)
    :: else -> printf("body %d of lane %d", ((word_) - BODY(0, 0)) / 2 % SIZE, ((word_) - BODY(0, 0)) / 2 / SIZE)
    fi
}
inline name_of_thread(thread) {
    if
    :: (thread) == CONSUMER -> printf("consumer")
    :: else -> printf("producer %d", thread)
    fi
}
inline reached(word_, value_) {
    skip
}
#include "memory.pml"

/* ---- the producer ---- */

/* How much of the ring a record takes: its own place, and the header of the next. */
#ifdef NEXT_HEADER_UNCOUNTED
#define NEEDED 1
#else
#define NEEDED 2
#endif
#define HAS_ROOM (tail + NEEDED <= given_back + SIZE) /* given_back as last seen */

inline room() {
    if
    :: !HAS_ROOM -> load(given_back, GIVEN_BACK(me))
    :: else
    fi
}

inline wait_for_room() {
    do
    :: store_release(WAITS(me), 1);
#ifndef NO_ROOM_MEMBARRIER
        membarrier();
#endif
        room();
        if
        :: HAS_ROOM -> store(WAITS(me), 0); break
        :: else
        fi;
        futex_wait(WAITS(me), 1)
    od
}

#ifdef PLAIN_HEADER
#define STORE_HEADER store
#else
#define STORE_HEADER store_release
#endif
#define PLACE (tail % SIZE)
#define NEXT_PLACE ((tail + 1) % SIZE)

inline publish() {
#if defined(HEADER_FIRST)
    store(HEADER(me, NEXT_PLACE), 0);
    STORE_HEADER(HEADER(me, PLACE), 1);
    store(BODY(me, PLACE), tail + 1);
#elif defined(NEXT_HEADER_LATE)
    store(BODY(me, PLACE), tail + 1);
    STORE_HEADER(HEADER(me, PLACE), 1);
    store(HEADER(me, NEXT_PLACE), 0);
#else
    store(BODY(me, PLACE), tail + 1);
    store(HEADER(me, NEXT_PLACE), 0);
    STORE_HEADER(HEADER(me, PLACE), 1);
#endif
    tail++
}

inline notify() {
    load(value, STATE);
    if
    :: value != AWAKE -> /* wake() */
        exchange(value, STATE, AWAKE);
        if
        :: value == IN_FUTEX -> futex_wake_one(STATE)
        :: else
        fi
    :: else
    fi;
    value = 0
}

proctype producer(byte me) {
    byte tail = 0; /* in records, ever growing */
    byte given_back = 0;
    byte value = 0;
    do
    :: tail < RECORDS ->
        room();
        if
        :: !HAS_ROOM -> wait_for_room()
        :: else
        fi;
        publish();
        notify()
    :: else -> break
    od
}

/* ---- the consumer ---- */

inline tell() {
    if
    :: told[lane] != head[lane] ->
        told[lane] = head[lane];
        store_release(GIVEN_BACK(lane), head[lane]);
        load(value, WAITS(lane));
        if
        :: value != 0 -> /* wake_producer() */
            exchange(value, WAITS(lane), 0);
            if
            :: value != 0 -> futex_wake_one(WAITS(lane))
            :: else
            fi
        :: else
        fi;
        value = 0
    :: else
    fi
}

inline run_record() {
    load(value, BODY(lane, head[lane] % SIZE));
    assert(value == head[lane] + 1); /* the next of its lane, as it was sent */
    value = 0
}

/* Up to TURN records of one lane. */
inline run_turn() {
    of_lane = 0;
#ifdef TELLS_EARLY
    do /* tells of all that it is about to run */
    :: of_lane < TURN ->
        load(value, HEADER(lane, (head[lane] + of_lane) % SIZE));
        if
        :: value != 0 -> of_lane++
        :: else -> break
        fi
    :: else -> break
    od;
    head[lane] = head[lane] + of_lane;
    tell();
    head[lane] = head[lane] - of_lane;
    of_lane = 0;
#endif
    do
    :: of_lane < TURN ->
        load(value, HEADER(lane, head[lane] % SIZE)); /* front() */
        if
        :: value != 0 ->
            value = 0;
            run_record();
            head[lane]++; /* pop() */
#ifndef TELLS_EARLY
            if
            :: head[lane] - told[lane] >= TELL_EVERY -> tell()
            :: else
            fi;
#endif
            ran = true;
            of_lane++
        :: else -> break
        fi
    :: else -> break
    od;
#if !defined(TELLS_SELDOM) && !defined(TELLS_EARLY)
    tell();
#endif
    of_lane = 0
}

inline has_work() {
    lane = 0;
    do
    :: lane < PRODUCERS && !ran ->
        load(ran, HEADER(lane, head[lane] % SIZE));
        lane++
    :: else -> break
    od;
    lane = 0
}

inline sleep() {
    store_release(STATE, IN_FUTEX);
#ifndef NO_PARK_MEMBARRIER
    membarrier();
#endif
#ifndef NO_LOOK_AGAIN
    has_work();
#endif
    if
    :: !ran -> futex_wait(STATE, IN_FUTEX)
    :: else
    fi;
    store(STATE, AWAKE)
}

#if PRODUCERS == 1
#define ALL_RUN (head[0] == RECORDS)
#else
#define ALL_RUN (head[0] == RECORDS && head[1] == RECORDS)
#endif

proctype consumer(byte me) {
    byte head[PRODUCERS]; /* in records, ever growing */
    byte told[PRODUCERS];
    byte lane = 0;
    byte of_lane = 0;
    byte value = 0;
    bool ran = false;
    do
    :: !ALL_RUN ->
        ran = false;
        do
        :: lane < PRODUCERS -> run_turn(); lane++
        :: else -> break
        od;
        lane = 0;
        if
        :: !ran && !ALL_RUN -> sleep()
        :: else
        fi
    :: else -> break
    od
}

init {
    atomic {
        run store_buffer(0);
        run producer(0);
#if PRODUCERS > 1
        run store_buffer(1);
        run producer(1);
#endif
        run store_buffer(CONSUMER);
        run consumer(CONSUMER)
    }
}
