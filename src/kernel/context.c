/* SPDX-License-Identifier: MIT */
/*
 * context.c - which value a variable has here: bindings, shared and never changed.
 *
 *     word of a task, a loop, a thread ──► binding ──► binding ──► NULL     its own
 *                                     └──► coro_context ──► binding ──► ...  SHARED (bit 0)
 *
 * A word holds one reference to its first binding, a binding one to the next. To set is to
 * put a new binding in front and to leave the variable's old one out: by changing the link
 * before it where nobody else has that, by copying what stands before it otherwise. So a list
 * has each variable once, and another's list never changes.
 *
 * Invariants. V1: a binding's value never changes. V2: a link changes only in a binding
 * whose references, and those of all before it, are 1. V3: all bindings of a coro_context
 * are from the heap, so that it depends on no loop.
 */
#include "kernel.h"

#include <coro/context.h>

#if CORO_HOSTED

struct coro_binding {
    coro_binding *next;
    const coro_context_var *var;
    uint32_t references;
    bool heap;
};

#define SHARED 1u

/* Where no loop runs. */
static CORO_THREAD_LOCAL uintptr_t of_thread;

/* --- bindings --------------------------------------------------------------------------------- */

/* The value stands behind it, at the strictest alignment of any. */
#define HEAD ((sizeof(coro_binding) + sizeof(max_align_t) - 1) / sizeof(max_align_t) *             \
              sizeof(max_align_t))

static void *value_of(coro_binding *binding)
{
    return (char *)binding + HEAD;
}

static void copy_bytes(void *to, const void *from, size_t size)
{
    char *into = to;
    const char *out = from;
    while (size-- > 0)
        *into++ = *out++;
}

static coro_binding *new_binding(const coro_context_var *var, const void *value, bool heap)
{
    size_t size = HEAD + var->size;
    coro_binding *binding = heap ? coro_heap_resize(NULL, NULL, 0, size)
                                 : coro_pool_take_(coro_pool_current_, size);
    if (binding == NULL)
        return NULL;
    binding->next = NULL;
    binding->var = var;
    binding->references = 1;
    binding->heap = heap;
    copy_bytes(value_of(binding), value, var->size);
    return binding;
}

static coro_binding *retain(coro_binding *binding)
{
    if (binding != NULL)
        binding->references++;
    return binding;
}

static void release(coro_binding *binding)
{
    while (binding != NULL && --binding->references == 0) {
        coro_binding *next = binding->next;
        size_t size = HEAD + binding->var->size;
        if (binding->heap)
            coro_heap_resize(NULL, binding, size, 0);
        else
            coro_pool_give_(coro_pool_current_, binding, size);
        binding = next;
    }
}

static coro_binding *find(coro_binding *first, const coro_context_var *var)
{
    while (first != NULL && first->var != var)
        first = first->next;
    return first;
}

/* --- words ------------------------------------------------------------------------------------ */

/* The word of whatever runs here. */
static uintptr_t *word_here(void)
{
    coro_loop *loop = coro_loop_current();
    if (loop == NULL)
        return &of_thread;
    return loop->current != NULL ? &loop->current->context : &loop->context;
}

static coro_context *shared(uintptr_t word)
{
    return word & SHARED ? (coro_context *)(word & ~(uintptr_t)SHARED) : NULL;
}

static coro_binding *first_of(uintptr_t word)
{
    coro_context *context = shared(word);
    return (coro_binding *)(context != NULL ? context->bindings : word);
}

static uintptr_t *list_of(uintptr_t *word)
{
    coro_context *context = shared(*word);
    return context != NULL ? &context->bindings : word;
}

/* A list without one of its bindings: a reference to it, or NULL and *error. Consumes nothing. */
static coro_binding *list_without(coro_binding *first, coro_binding *old, bool heap, int *error)
{
    coro_binding *copy = NULL, **end = &copy;
    for (; first != old; first = first->next) {
        *end = new_binding(first->var, value_of(first), heap);
        if (*end == NULL) {
            *error = CORO_ENOMEM;
            release(copy);
            return NULL;
        }
        end = &(*end)->next;
    }
    *end = retain(old->next);
    return copy;
}

/* Is the way to `old` nobody else's? */
static bool is_ours(coro_binding *first, const coro_binding *old)
{
    while (first != old && first->references == 1)
        first = first->next;
    return first == old;
}

/* Take a variable's binding out of a list, if there is one. 0 or CORO_ENOMEM. */
static int take_out(uintptr_t *list, const coro_context_var *var, bool heap)
{
    coro_binding *first = (coro_binding *)*list, *old = find(first, var);
    int error = 0;
    if (old == NULL)
        return 0;
    if (old != first && is_ours(first, old)) {
        while (first->next != old)
            first = first->next;
        first->next = retain(old->next);
        release(old);
        return 0;
    }
    first = list_without(first, old, heap, &error);
    if (error == 0) {
        release((coro_binding *)*list);
        *list = (uintptr_t)first;
    }
    return error;
}

/* Is the list that this word leads to one of the heap's? */
static bool on_heap(const uintptr_t *word)
{
    return word == &of_thread || shared(*word) != NULL;
}

/* Put a binding in front, instead of the variable's old one. Takes `fresh`. */
static int put(uintptr_t *word, coro_binding *fresh)
{
    uintptr_t *list = list_of(word);
    int error = take_out(list, fresh->var, on_heap(word));
    if (error != 0) {
        release(fresh);
        return error;
    }
    fresh->next = (coro_binding *)*list;
    *list = (uintptr_t)fresh;
    return 0;
}

/* --- variables -------------------------------------------------------------------------------- */

const void *coro_context_find_(const coro_context_var *var)
{
    coro_binding *binding = find(first_of(*word_here()), var);
    return binding != NULL ? value_of(binding) : var->fallback;
}

int coro_context_set_(const coro_context_var *var, const void *value, coro_context_token *token)
{
    uintptr_t *word = word_here();
    coro_binding *before = retain(find(first_of(*word), var));
    coro_binding *fresh = new_binding(var, value, on_heap(word));
    int error = fresh == NULL ? CORO_ENOMEM : put(word, fresh);
    if (token != NULL)
        *token = (coro_context_token){NULL, NULL, NULL};
    if (token != NULL && error == 0)
        *token = (coro_context_token){var, before, list_of(word)};
    else
        release(before);
    return error;
}

int coro_context_reset(coro_context_token *token)
{
    uintptr_t *word = word_here();
    coro_binding *fresh = NULL;
    int error;
    if (token->var == NULL)
        return CORO_EALREADY;
    if (token->where != list_of(word))
        return CORO_EINVAL;
    if (token->before != NULL) {
        fresh = new_binding(token->var, value_of(token->before), on_heap(word));
        if (fresh == NULL)
            return CORO_ENOMEM;
        error = put(word, fresh);
    } else {
        error = take_out(list_of(word), token->var, on_heap(word));
    }
    if (error == 0)
        coro_context_forget(token);
    return error;
}

void coro_context_forget(coro_context_token *token)
{
    release(token->before);
    *token = (coro_context_token){NULL, NULL, NULL};
}

/* --- tasks and loops -------------------------------------------------------------------------- */

void coro_context_inherit(coro_task *task, uintptr_t from)
{
    task->context = (uintptr_t)retain(first_of(from));
}

/* Its loop's pool is the current one. */
void coro_context_drop(uintptr_t *word)
{
    if (shared(*word) == NULL)
        release((coro_binding *)*word);
    *word = 0;
}

/* The loop's first task is being made, from outside: it goes on where the thread is. */
void coro_context_adopt(coro_loop *loop)
{
    loop->context = (uintptr_t)retain(first_of(of_thread));
}

#if CORO_JOINS
coro_task *coro_create_task_in_(coro_loop *loop, coro_context *context, coro_header *call)
{
    coro_task *task = coro_create_task_(loop, call);
    if (task != NULL) {
        coro_pool *outer = coro_pool_current_;
        coro_pool_current_ = &task->driver.loop->pool;
        coro_context_drop(&task->context);
        coro_pool_current_ = outer;
        task->context = (uintptr_t)context | SHARED;
    }
    return task;
}
#endif

/* --- objects ---------------------------------------------------------------------------------- */

int coro_context_copy(coro_context *context)
{
    coro_binding *each = first_of(*word_here()), **end;
    CORO_CHECK(context->bindings == 0 && context->place == NULL,
               "a context that is copied into must be empty; coro_context_clear it first");
    end = (coro_binding **)(void *)&context->bindings;
    for (; each != NULL; each = each->next) {
        *end = new_binding(each->var, value_of(each), true);
        if (*end == NULL) {
            coro_context_clear(context);
            return CORO_ENOMEM;
        }
        end = &(*end)->next;
    }
    return 0;
}

void coro_context_clear(coro_context *context)
{
    CORO_CHECK(context->place == NULL, "a context was cleared while it is entered; leave it first");
    release((coro_binding *)context->bindings);
    context->bindings = 0;
}

int coro_context_enter(coro_context *context)
{
    if (context->place != NULL)
        return CORO_EBUSY;
    context->place = word_here();
    context->outer = *context->place;
    *context->place = (uintptr_t)context | SHARED;
    return 0;
}

void coro_context_leave(coro_context *context)
{
    CORO_CHECK(context->place == word_here() && shared(*context->place) == context,
               "contexts are left where they were entered, the last one first");
    *context->place = context->outer;
    context->place = NULL;
}

int coro_context_run(coro_context *context, void (*function)(void *argument), void *argument)
{
    int error = coro_context_enter(context);
    if (error != 0)
        return error;
    function(argument);
    coro_context_leave(context);
    return 0;
}

#endif
