/* What the models stand on: shared words behind store buffers, read-modify-writes, membarrier(2) and futex(2).
 *
 * x86-TSO: each thread's stores go through a buffer of its own, oldest first, and reach memory at any later moment; the
 * thread itself reads the newest of its own. Read-modify-writes and system calls wait until the thread's buffer is
 * empty. With -DREORDER stores leave the buffer in any order, as weaker processors have it: only a store of release
 * order waits for all before it, and only stores to the same word keep their order; a read-modify-write of acquire
 * order does not wait for the buffer.
 *
 * A model defines WORDS (words are numbered from 1), THREADS (at most 4), and the inlines name_of(word),
 * name_of_thread(thread) and reached(word_, value_) - the last is called for each store that reaches memory. Each of
 * its threads is a process with a `byte me`, the thread's number, and runs a store_buffer(me) beside it.
 * Every inline below is one indivisible step, unless it says otherwise.
 */

#define DEPTH 4 /* stores that a buffer holds; a thread that fills it goes on when one has left */

typedef Buffer {
    byte length;
    byte word[DEPTH]; /* 0: none */
    byte value[DEPTH];
    bool release[DEPTH];
}
Buffer buffer[THREADS];
byte memory[WORDS + 1];
byte asleep[THREADS];     /* the word that the thread sleeps on; 0: it is awake */
byte interrupts[THREADS]; /* of the thread that issues a membarrier: one bit for each thread still to be interrupted */
byte scratch; /* within a step only; 0 between them */

#define HOLDS(thread, at, word_) (buffer[thread].word[at] == (word_))
#define IS_BUFFERED(word_) (HOLDS(me, 0, word_) || HOLDS(me, 1, word_) || HOLDS(me, 2, word_) || HOLDS(me, 3, word_))
/* What the thread reads: its own newest store that is still on its way, else what memory has. */
#define VALUE_OF(word_)                                      \
    (HOLDS(me, 3, word_)                                     \
         -> buffer[me].value[3]                              \
         : (HOLDS(me, 2, word_)                              \
                -> buffer[me].value[2]                       \
                : (HOLDS(me, 1, word_)                       \
                       -> buffer[me].value[1]                \
                       : (HOLDS(me, 0, word_) -> buffer[me].value[0] : memory[word_]))))
#define DRAINED (buffer[me].length == 0)

inline says() {
    name_of_thread(me);
    printf(": ")
}

inline put(word_, value_, release_) {
    d_step {
        buffer[me].length < DEPTH;
        scratch = buffer[me].length;
        buffer[me].word[scratch] = word_;
        buffer[me].value[scratch] = value_;
        buffer[me].release[scratch] = release_;
        buffer[me].length++;
        says();
        printf("stores ");
        name_of(buffer[me].word[scratch]);
        printf(" = %d\n", buffer[me].value[scratch]);
        scratch = 0
    }
}
inline store(word_, value_) {
    put(word_, value_, false)
}
inline store_release(word_, value_) {
    put(word_, value_, true)
}

inline load(target, word_) {
    d_step {
        target = VALUE_OF(word_);
        says();
        printf("reads ");
        name_of(word_);
        printf(", finds %d\n", target)
    }
}

inline say_exchange(word_, value_) {
    says();
    printf("exchanges ");
    name_of(word_);
    printf(", %d becomes %d\n", scratch, value_)
}

/* The oldest value comes back in `old`. Sequentially consistent: after all the thread's stores. */
inline exchange(old, word_, value_) {
    d_step {
        DRAINED;
        scratch = memory[word_];
        memory[word_] = value_;
        old = scratch;
        say_exchange(word_, value_);
        scratch = 0;
        reached(word_, value_)
    }
}

/* Of acquire order: the thread's earlier stores to other words may still be on their way where processors do that. */
#ifdef REORDER
#define ACQUIRE_READY(word_) (!IS_BUFFERED(word_))
#else
#define ACQUIRE_READY(word_) DRAINED
#endif
inline compare_exchange_acquire(done, word_, expected_, value_) {
    d_step {
        ACQUIRE_READY(word_);
        scratch = memory[word_];
        done = (scratch == (expected_));
        if
        :: done ->
            memory[word_] = value_;
            say_exchange(word_, value_);
            reached(word_, value_)
        :: else ->
            says();
            printf("would exchange ");
            name_of(word_);
            printf(", but finds %d\n", scratch)
        fi;
        scratch = 0
    }
}
/* Sequentially consistent. */
inline compare_exchange(done, word_, expected_, value_) {
#ifdef REORDER
    DRAINED;
#endif
    compare_exchange_acquire(done, word_, expected_, value_)
}

/* The store in this place of a thread's buffer reaches memory. */
inline take(thread, at) {
    memory[buffer[thread].word[at]] = buffer[thread].value[at];
    printf("        memory: ");
    name_of(buffer[thread].word[at]);
    printf(" = %d, from ", buffer[thread].value[at]);
    name_of_thread(thread);
    printf("\n");
    reached(buffer[thread].word[at], buffer[thread].value[at]);
    scratch = at;
    do
    :: scratch + 1 < buffer[thread].length ->
        buffer[thread].word[scratch] = buffer[thread].word[scratch + 1];
        buffer[thread].value[scratch] = buffer[thread].value[scratch + 1];
        buffer[thread].release[scratch] = buffer[thread].release[scratch + 1];
        scratch++
    :: else -> break
    od;
    buffer[thread].length--;
    scratch = buffer[thread].length;
    buffer[thread].word[scratch] = 0;
    buffer[thread].value[scratch] = 0;
    buffer[thread].release[scratch] = false;
    scratch = 0
}

#define OTHER_WORD(at, before) (buffer[me].word[at] != buffer[me].word[before])
#define MAY_OVERTAKE(at) (buffer[me].length > at && !buffer[me].release[at])

proctype store_buffer(byte me) {
end:
    do
    :: d_step { buffer[me].length > 0; take(me, 0) }
#ifdef REORDER
    :: d_step { MAY_OVERTAKE(1) && OTHER_WORD(1, 0); take(me, 1) }
    :: d_step { MAY_OVERTAKE(2) && OTHER_WORD(2, 0) && OTHER_WORD(2, 1); take(me, 2) }
    :: d_step { MAY_OVERTAKE(3) && OTHER_WORD(3, 0) && OTHER_WORD(3, 1) && OTHER_WORD(3, 2); take(me, 3) }
#endif
    od
}

inline interrupt(thread) {
    interrupts[me] = interrupts[me] & (15 - (1 << thread));
    do
    :: buffer[thread].length > 0 -> take(thread, 0)
    :: else -> break
    od;
    says();
    printf("its membarrier has interrupted ");
    name_of_thread(thread);
    printf("\n")
}

/* Several steps: every other thread is interrupted, in any order, and passes a full barrier at that moment. */
inline membarrier() {
    d_step {
        DRAINED;
        interrupts[me] = ((1 << THREADS) - 1) & (15 - (1 << me));
        says();
        printf("issues a membarrier\n")
    }
    do
    :: d_step { interrupts[me] & 1; interrupt(0) }
#if THREADS > 1
    :: d_step { interrupts[me] & 2; interrupt(1) }
#endif
#if THREADS > 2
    :: d_step { interrupts[me] & 4; interrupt(2) }
#endif
#if THREADS > 3
    :: d_step { interrupts[me] & 8; interrupt(3) }
#endif
    :: interrupts[me] == 0 -> break
    od;
    skip /* spin wants a plain step between the end of a loop and a d_step */
}

inline fall_asleep(word_, expected_) {
    d_step {
        DRAINED;
        says();
        if
        :: memory[word_] == (expected_) ->
            asleep[me] = word_;
            printf("sleeps while ")
        :: else -> printf("would sleep while ")
        fi;
        name_of(word_);
        printf(" is %d, which is %d\n", expected_, memory[word_])
    }
}
/* Two steps: the kernel compares and sleeps in one; then somebody wakes the thread. No bound: who is never woken
 * shows as an invalid end state. */
inline futex_wait(word_, expected_) {
    fall_asleep(word_, expected_);
    asleep[me] == 0
}
/* The same with a bound, which may end at any moment: then timed_out becomes true. */
inline futex_wait_bounded(word_, expected_, timed_out) {
    fall_asleep(word_, expected_);
    if
    :: asleep[me] == 0
    :: d_step {
        asleep[me] != 0;
        asleep[me] = 0;
        timed_out = true;
        says();
        printf("its time is over\n")
    }
    fi
}

inline wake(thread) {
    asleep[thread] = 0;
    says();
    printf("wakes ");
    name_of_thread(thread);
    printf("\n")
}
#define SLEEPS(thread, word_) (DRAINED && asleep[thread] == (word_))
#if THREADS == 2
#define NOBODY_SLEEPS(word_) (asleep[0] != (word_) && asleep[1] != (word_))
#elif THREADS == 3
#define NOBODY_SLEEPS(word_) (asleep[0] != (word_) && asleep[1] != (word_) && asleep[2] != (word_))
#else
#define NOBODY_SLEEPS(word_) \
    (asleep[0] != (word_) && asleep[1] != (word_) && asleep[2] != (word_) && asleep[3] != (word_))
#endif
/* Wakes one of those who sleep on the word, whichever. */
inline futex_wake_one(word_) {
    if
    :: d_step { SLEEPS(0, word_); wake(0) }
#if THREADS > 1
    :: d_step { SLEEPS(1, word_); wake(1) }
#endif
#if THREADS > 2
    :: d_step { SLEEPS(2, word_); wake(2) }
#endif
#if THREADS > 3
    :: d_step { SLEEPS(3, word_); wake(3) }
#endif
    :: DRAINED && NOBODY_SLEEPS(word_)
    fi
}
inline futex_wake_all(word_) {
    d_step {
        DRAINED;
        scratch = 0;
        do
        :: scratch < THREADS && asleep[scratch] == (word_) -> wake(scratch); scratch++
        :: scratch < THREADS && asleep[scratch] != (word_) -> scratch++
        :: else -> break
        od;
        scratch = 0
    }
}
