/* SPDX-License-Identifier: MIT */
/*
 * generator.c - who consumes a generator: one round, the close, and what is left open.
 *
 *     open ──► NOT STARTED ──next──► RUNNING ──YIELD──► YIELDED ──next──► RUNNING ...
 *                   │                   │                  │
 *                   └─close─► gone ◄────┴── end, error ◄───┴─close─► its FINALLY
 *
 * The slot is itself the frame of next() and close(): it enters the generator as its
 * caller, and is resumed by the generator's YIELD as by a return. So a YIELD is "done"
 * with a state that is not FINISHED, and the driver needs to know nothing of all this.
 * The bit CLOSING in the generator's state brings it to that YIELD's second label, which
 * leaves instead of going on.
 *
 * Invariants. N1: slot->frame is NULL exactly when nothing is left to close. N2: a
 * generator's `caller` means something only while it runs. N3: loop->generators holds
 * those that are open, by the link behind their headers, whoever has their slots: a slot
 * may be gone with its consumer's frame.
 */
#include "kernel.h"

#include <coro/generator.h>

#if !CORO_MINIMAL_

/* --- those that are open -------------------------------------------------------------------- */

#if CORO_HOSTED
static coro_generator_link_ *link_of(coro_header *frame)
{
    return (coro_generator_link_ *)(void *)(frame + 1);
}

static void list(coro_loop *loop, coro_header *frame)
{
    coro_header *first = loop->generators;
    coro_generator_link_ *link = link_of(frame);
    if (frame->error == CORO_ENOMEM) /* it stands for no memory, and has no link */
        return;
    loop->generators = frame;
    link->next = link->previous = frame;
    if (first != NULL) {
        link->next = first;
        link->previous = link_of(first)->previous;
        link_of(link->previous)->next = frame;
        link_of(first)->previous = frame;
    }
}

static void unlist(coro_loop *loop, coro_header *frame)
{
    coro_generator_link_ *link = link_of(frame);
    if (loop == NULL || frame->descriptor->result_size < CORO_YIELDS_ || link->next == NULL)
        return;
    link_of(link->next)->previous = link->previous;
    link_of(link->previous)->next = link->next;
    if (loop->generators == frame)
        loop->generators = link->next == frame ? NULL : link->next;
    link->next = link->previous = NULL;
}
#else
#define list(loop, frame) (void)(loop)
#define unlist(loop, frame) (void)(loop)
#endif

/* --- one round ------------------------------------------------------------------------------ */

static bool is_generator(const coro_header *call)
{
    return call->descriptor->result_size >= CORO_YIELDS_ || call->error == CORO_ENOMEM;
}

static void put_in(coro_generator *slot, coro_header *call)
{
    CORO_CHECK(call != NULL, "a generator is NULL; give what its function returned");
    CORO_CHECK(call->state == CORO_STATE_START_, "a generator was started before");
    CORO_CHECK(is_generator(call), "this coroutine is no generator; it needs the clause YIELDS");
    CORO_CHECK(slot->frame == NULL && !slot->busy && slot->phase == CORO_GENERATOR_OUT_,
               "a slot has an open generator; each open one needs a coro_generator of its own");
    coro_zero_(slot, sizeof *slot);
    slot->frame = call;
    if (call->error != CORO_ENOMEM)
        call->flags |= CORO_FRAME_GENERATOR_;
}

static void has_yielded(coro_generator *slot, coro_header *frame)
{
    slot->result = true;
    slot->value = (char *)frame + frame->descriptor->result_offset;
    slot->size = (uint16_t)(frame->descriptor->result_size - CORO_YIELDS_);
    if (frame->error == CORO_PASSED_ON_) {
        coro_passed_on_ *passed = slot->value;
        slot->size = (uint16_t)passed->size;
        slot->value = passed->value;
        frame->error = 0;
    }
    CORO_CHECK(!slot->closing, "a generator yielded while it was closed; it must end");
}

/* It has given control back: an item, or its end. */
static void came_back(coro_driver *driver, coro_generator *slot, coro_header *frame)
{
    size_t wanted = slot->size;
    slot->busy = false;
    slot->result = false;
    slot->coro.error = 0;
    slot->coro.state = CORO_STATE_FINISHED_;
    if (frame->state != CORO_STATE_FINISHED_ && frame->error != CORO_ENOMEM) {
        has_yielded(slot, frame);
        if (slot->item != NULL)
            coro_generator_copy_(slot, slot->item, wanted);
        return;
    }
    slot->frame = NULL;
    slot->value = NULL;
    unlist(driver->loop, frame);
    if (frame->error != 0)
        slot->coro.error = (int16_t)coro_failed_(driver, &slot->coro, &frame);
    else
        coro_frame_free_(frame);
}

/* The body of next and close. */
static coro_status round_body(coro_header *self, coro_driver *driver, coro_header *callee)
{
    coro_generator *slot = (coro_generator *)self;
    coro_header *frame = slot->frame;
    if (self->state == CORO_STATE_START_) {
        coro_status status = {CORO_DONE_};
        self->state = CORO_STATE_WAITING_;
        if (frame == NULL || (slot->closing && frame->state == CORO_STATE_START_)) {
            if (frame != NULL)
                unlist(driver->loop, frame), coro_discard_(frame);
            slot->frame = NULL;
            slot->busy = slot->result = false;
            self->state = CORO_STATE_FINISHED_;
            return status;
        }
        if (slot->closing)
            frame->state |= CORO_STATE_CLOSING_;
        frame->caller = self;
        if (driver->room == 0)
            return coro_descend_slow_(driver, frame);
        driver->room--;
        status = frame->descriptor->body(frame, driver, NULL);
        driver->room++;
        if (CORO_CODE_(status) != CORO_DONE_)
            return status;
        callee = frame;
    }
    came_back(driver, slot, callee);
    return CORO_STATUS_(CORO_DONE_);
}

/* Made, but given up before it was awaited. */
static void round_discard(coro_header *self)
{
    ((coro_generator *)self)->busy = false;
}

static const coro_descriptor round_descriptor = {
    round_body,    CORO_NAMED_("coro_generator") {NULL}, round_discard, sizeof(coro_generator),
    sizeof(coro_generator), offsetof(coro_generator, result), sizeof(bool)};

static int busy_start(coro_task *task, coro_call *call)
{
    (void)task, (void)call;
    return CORO_EBUSY;
}

static bool busy_cancel(coro_task *task)
{
    (void)task;
    return true;
}

/* The slot's frame is in use; another one says so. */
static const coro_wait_type busy_type = {CORO_VERB_("generator") busy_cancel, NULL, NULL, true};
CORO_LEAF(generator_busy, &busy_type, busy_start, 0);

static coro_generator *start_round(coro_generator *slot, void *item, size_t size, bool closing)
{
    if (slot->busy)
        return (coro_generator *)(void *)coro_call_of_(&generator_busy_call_, slot, NULL);
    coro_header_init_(&slot->coro, &round_descriptor, 0);
    slot->busy = true;
    slot->closing = closing;
    slot->item = item;
    slot->size = (uint16_t)size;
    return slot;
}

coro_generator *coro_generator_next_(coro_generator *slot, void *item, size_t size)
{
    return start_round(slot, item, size, false);
}

coro_generator *coro_generator_close(coro_generator *slot)
{
    return start_round(slot, NULL, 0, true);
}

void coro_generator_open_(coro_generator *slot, coro_header *call)
{
    coro_loop *loop = coro_loop_current();
    CORO_CHECK(loop != NULL, "an open generator needs a running loop; CORO_FOR needs none");
    put_in(slot, call);
    list(loop, call);
}

void coro_generator_copy_(const coro_generator *slot, void *to, size_t size)
{
    const char *from = slot->value;
    char *byte = to;
    if (slot->size != size)
        coro_generator_size_(slot);
    while (size-- > 0)
        *byte++ = *from++;
}

void coro_generator_size_(const coro_generator *slot)
{
    coro_trap(coro_file_of(slot->frame), (int)coro_frame_line(slot->frame),
              CORO_TEXT_("an item is taken with another size than the generator's items have"));
}

/* --- CORO_FOR_AWAIT ------------------------------------------------------------------------- */

void coro_generator_enter_(coro_header *frame, coro_generator *slot, coro_header *call)
{
    coro_generator_open_(slot, call);
    slot->phase = CORO_GENERATOR_NEXT_;
#if CORO_SCOPES
    frame->depth++;
    CORO_CHECK(frame->depth != 0, "more than 255 blocks are open in one coroutine");
#else
    (void)frame;
#endif
}

/* What the loop's head awaits. */
coro_generator *coro_generator_round_(coro_generator *slot)
{
    CORO_CHECK(!slot->busy, "the generator of a CORO_FOR_AWAIT is in use elsewhere; await all that "
                            "was begun in the body before leaving it");
    return start_round(slot, NULL, 0, slot->phase != CORO_GENERATOR_NEXT_);
}

static void tell(coro_driver *driver, const coro_generator *slot, int error)
{
    coro_report report = {CORO_REPORT_CLEANUP_ERROR, driver->loop, (coro_task *)driver, error,
                          coro_name_of(&slot->coro)};
    if (error != 0 && error != CORO_ECANCELED)
        coro_loop_report(driver->loop, &report);
}

/* The round has ended. What goes on outwards, once the loop is left: 0, an error, a return. */
int coro_generator_settle_(coro_driver *driver, coro_header *frame, coro_generator *slot)
{
    coro_header *callee = &slot->coro;
    int pending = slot->pending;
    if (slot->result) {
        slot->phase = CORO_GENERATOR_READY_;
        return 0;
    }
    slot->phase = CORO_GENERATOR_OUT_;
    slot->pending = 0;
#if CORO_SCOPES
    frame->depth--;
#endif
    if (pending != 0)
        tell(driver, slot, callee->error);
    else if (callee->error != 0)
        return coro_failed_(driver, frame, &callee);
    return pending;
}

/* --- CORO_FOR ------------------------------------------------------------------------------- */

/* Without a loop: true when it has yielded. */
static bool drive(coro_generator *slot)
{
    coro_driver driver;
    bool suspended;
    coro_header *frame = slot->frame;
    coro_driver_init(&driver, frame);
    suspended = coro_drive_(&driver, NULL);
    CORO_CHECK(!suspended, "in a CORO_FOR only the generator itself may yield; nobody would go on");
    came_back(&driver, slot, frame);
    return slot->result;
}

void coro_generator_begin_(coro_generator *slot, coro_header *call)
{
    slot->frame = NULL; /* a local need not be zeroed */
    slot->busy = false;
    slot->phase = CORO_GENERATOR_OUT_;
    put_in(slot, call);
    slot->phase = CORO_GENERATOR_NEXT_;
}

bool coro_generator_step_(coro_generator *slot)
{
    slot->item = NULL;
    slot->closing = false;
    return slot->frame != NULL && drive(slot);
}

void coro_generator_stop(coro_generator *slot)
{
    coro_header *frame = slot->frame;
    slot->phase = CORO_GENERATOR_OUT_;
    if (frame == NULL)
        return;
    if (frame->state == CORO_STATE_START_) {
        slot->frame = NULL;
        coro_discard_(frame);
        return;
    }
    slot->closing = true;
    frame->state |= CORO_STATE_CLOSING_;
    (void)drive(slot);
}

/* --- those that were left open -------------------------------------------------------------- */

#if CORO_HOSTED
/* A frame that is freed as it stands, in the middle of a chain: what points to it is told. */
void coro_generator_abandon(coro_loop *loop, coro_header *frame)
{
    unlist(loop, frame);
    if (frame->descriptor == &round_descriptor) {
        ((coro_generator *)frame)->frame = NULL;
        ((coro_generator *)frame)->busy = false;
    }
}

#if CORO_JOINS
ASYNC(close_generator, ARGS(coro_header *, generator), VARS(coro_generator slot;))
{
    ASYNC_BEGIN;
    self->slot.frame = self->generator;
    AWAIT(coro_generator_close(&self->slot));
    ASYNC_END;
}

/* The loop is being closed. True: tasks have been made that close what was left open. */
bool coro_generators_close(coro_loop *loop)
{
    bool any = loop->generators != NULL;
    while (loop->generators != NULL) {
        coro_header *frame = loop->generators;
        coro_report report = {CORO_REPORT_CLEANUP_ERROR, loop, NULL, CORO_EPENDING,
                              "a generator was left open; close it, or use CORO_FOR_AWAIT"};
        coro_task *task;
        coro_loop_report(loop, &report);
        unlist(loop, frame);
        task = coro_create_task_(loop, &close_generator(frame)->coro);
        if (task != NULL)
            coro_task_release(task);
        else if (frame->state == CORO_STATE_START_)
            coro_discard_(frame);
        else
            coro_frame_free_(frame); /* no memory: as it stands */
    }
    return any;
}
#endif
#endif

#endif
