/* SPDX-License-Identifier: MIT */
/*
 * postman.cpp - the library in a C++17 program: its own main(), a loop that closes itself, lambdas
 * that the loop calls, and a coroutine, in C, that calls back into C++.
 *
 *     lambdas, after a while ──put──► bag ──get──► deliver (postman_task.c) ──► Letterbox::read
 *
 * Two rules. A coroutine's body is compiled as C; its header is included by both. No exception may
 * fly through a function of the library: what is called from there is noexcept, and what went
 * wrong is kept until the loop has ended.
 */
#include "postman_task.h"

#include <coro/callback.h>

#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

void check(int error)
{
    if (error != 0)
        throw std::runtime_error(coro_strerror(error));
}

/* Opened, and closed with all that is left in it; it stays where it is. */
class Loop {
public:
    Loop() { check(coro_loop_init(&loop_, nullptr)); }
    ~Loop() { coro_loop_close(&loop_); }
    Loop(const Loop &) = delete;
    Loop &operator=(const Loop &) = delete;

    /* Call it after a while; it lives as long as the loop. */
    void after(coro_duration delay, std::function<void()> function)
    {
        calls_.push_back(std::make_unique<Call>(Call{{}, std::move(function), this}));
        Call *kept = calls_.back().get();
        check(coro_loop_call_later(&loop_, &kept->handle, delay, call, kept));
    }

    /* Until the call has ended: throws its error, or what a callback has thrown. */
    template <typename Frame> void run(Frame *call)
    {
        int error = coro_loop_run_until_complete(&loop_, call);
        if (thrown_)
            std::rethrow_exception(thrown_);
        check(error);
    }

    long now_ms() { return static_cast<long>(coro_loop_time(&loop_) / CORO_MS(1)); }

    void keep(std::exception_ptr thrown) noexcept
    {
        thrown_ = thrown;
        coro_loop_stop(&loop_);
    }

private:
    struct Call {
        coro_handle handle;
        std::function<void()> function;
        Loop *loop;
    };

    static void call(void *context) noexcept
    {
        auto *self = static_cast<Call *>(context);
        try {
            self->function();
        } catch (...) {
            self->loop->keep(std::current_exception());
        }
    }

    coro_loop loop_;
    std::vector<std::unique_ptr<Call>> calls_;
    std::exception_ptr thrown_;
};

/* Whom the coroutine calls. */
class Letterbox {
public:
    explicit Letterbox(Loop &loop) : loop_(loop), began_(loop.now_ms()) {}

    static void read(void *context, const char *letter) noexcept
    {
        auto *self = static_cast<Letterbox *>(context);
        try {
            self->letters_.emplace_back(letter);
            std::cout << self->loop_.now_ms() - self->began_ << " ms: " << letter << '\n';
        } catch (...) {
            self->loop_.keep(std::current_exception());
        }
    }

    std::size_t size() const { return letters_.size(); }

private:
    Loop &loop_;
    long began_;
    std::vector<std::string> letters_;
};

/* The bag holds the pointer: the text is there until it has been read. */
void post(coro_queue &bag, const char *letter)
{
    check(coro_queue_put_nowait(&bag, &letter));
}

void deliver_letters()
{
    const char *items[2];
    coro_queue bag;
    struct deliver frame; /* before the loop, which may have to end it */
    coro_queue_init(&bag, items, sizeof items[0], 2);

    Loop loop;
    Letterbox box(loop);
    loop.after(CORO_MS(50), [&] { post(bag, "from Ada"); });
    loop.after(CORO_MS(300), [&] { post(bag, "from Grace"), post(bag, "from Edsger"); });
    loop.after(CORO_MS(400), [&] { coro_queue_shutdown(&bag, false); });

    loop.run(deliver_at(&frame, &bag, Letterbox::read, &box));
    std::cout << frame.result << " letters, " << box.size() << " read\n";
}

/* One letter is under way and two are in the bag: the fourth post() throws, out of a callback. */
void post_too_much()
{
    const char *items[2];
    coro_queue bag;
    struct deliver frame;
    coro_queue_init(&bag, items, sizeof items[0], 2);

    Loop loop;
    Letterbox box(loop);
    loop.after(CORO_MS(50), [&] {
        for (const char *letter : {"one", "two", "three", "four"})
            post(bag, letter);
    });
    loop.run(deliver_at(&frame, &bag, Letterbox::read, &box));
}

} // namespace

int main()
{
    try {
        deliver_letters();
        post_too_much();
    } catch (const std::exception &error) {
        std::cout << "caught: " << error.what() << '\n';
    }
    return 0;
}
