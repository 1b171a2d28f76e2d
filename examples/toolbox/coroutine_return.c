/* SPDX-License-Identifier: MIT */
/* coroutine_return.c: what a coroutine returns, in the hands of main(): in memory of main's. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(count_words, RETURNS(int), ARGS(const char *, text), VARS(int words;))
{
    ASYNC_BEGIN;
    for (const char *at = self->text; *at != '\0'; at++)
        self->words += *at != ' ' && (at == self->text || at[-1] == ' ');
    ASYNC_RETURN(self->words);
    ASYNC_END;
}

int main(void)
{
    struct count_words call;
    int error = coro_run(count_words_at(&call, "a loop runs this"));
    if (error != 0) {
        printf("it failed: %s\n", coro_strerror(error));
        return 1;
    }
    printf("it returned %d\n", call.result);
    return 0;
}
