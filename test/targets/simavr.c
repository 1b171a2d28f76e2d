/* SPDX-License-Identifier: MIT */
/*
 * simavr.c - an ATmega328P with a test bench around it, on libsimavr: the very bytes that would
 * be burnt run here, cycle by cycle, and no test code is among them.
 *
 *     simavr FIRMWARE three_tasks    the scene of bench.c, by wires: 0 if all was as it should be
 *     simavr FIRMWARE status         run until it sleeps for ever: its status, from GPIOR0
 *
 * What the serial line says goes to stdout. Time is the processor's: nothing is paced.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

#define HZ 16000000u
#define CYCLES_MAX (60ull * HZ)
#define GPIOR0 0x3e

static char said[256];
static size_t said_length;
static unsigned toggles;

static void on_byte(struct avr_irq_t *irq, uint32_t value, void *context)
{
    (void)irq, (void)context;
    if (said_length < sizeof said - 1)
        said[said_length++] = (char)value;
}

static void on_lamp(struct avr_irq_t *irq, uint32_t value, void *context)
{
    static uint32_t level;
    (void)irq, (void)context;
    toggles += value != level; /* making it an output says its level as well */
    level = value;
}

static void no_pacing(avr_t *avr, avr_cycle_count_t cycles)
{
    (void)avr, (void)cycles;
}

static avr_t *start(const char *path)
{
    static elf_firmware_t firmware;
    uint32_t flags = 0;
    avr_t *avr = avr_make_mcu_by_name("atmega328p");
    if (avr == NULL || elf_read_firmware(path, &firmware) != 0) {
        fprintf(stderr, "simavr: cannot load %s\n", path);
        exit(2);
    }
    firmware.frequency = HZ;
    avr_init(avr);
    avr->sleep = no_pacing;
    avr_load_firmware(avr, &firmware);
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT),
                            on_byte, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('B'), 5), on_lamp, NULL);
    return avr;
}

static bool steps(avr_t *avr, unsigned until_ms)
{
    int state = cpu_Running;
    while (avr->cycle < (avr_cycle_count_t)until_ms * (HZ / 1000) && state != cpu_Done &&
           state != cpu_Crashed)
        state = avr_run(avr);
    return state != cpu_Done && state != cpu_Crashed;
}

/* Blinks at 500 and 1000; pressed at 1100: dark; pressed at 2100: blinks at 2500. */
static int three_tasks(avr_t *avr)
{
    static const char input[] = "hello";
    avr_irq_t *button = avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('D'), 2);
    avr_irq_t *line = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    avr_raise_irq(button, 1);
    for (unsigned ms = 1; ms < 2900; ms++) {
        unsigned phase = ms % 1000;
        bool down = ms >= 1100 && ms < 2200 && phase >= 100 && phase < 200 &&
                    (phase >= 110 || phase % 4 < 2); /* it bounces */
        avr_raise_irq(button, !down);
        if (ms % 100 == 50 && ms / 100 < 5)
            avr_raise_irq(line, (uint8_t)input[ms / 100]);
        if (!steps(avr, ms)) {
            fprintf(stderr, "simavr: the processor stopped after %u ms\n", ms);
            return 1;
        }
    }
    if (toggles != 3 || strcmp(said, input) != 0) {
        fprintf(stderr, "simavr: %u toggles, 3 wanted; said \"%s\"\n", toggles, said);
        return 1;
    }
    return 0;
}

static int status(avr_t *avr)
{
    int state = cpu_Running;
    while (avr->cycle < CYCLES_MAX && state != cpu_Done && state != cpu_Crashed)
        state = avr_run(avr);
    if (state != cpu_Done) {
        fprintf(stderr, "simavr: %s at 0x%x\n", state == cpu_Crashed ? "crashed" : "did not end",
                (unsigned)avr->pc);
        return 99;
    }
    return avr->data[GPIOR0];
}

int main(int count, char **argument)
{
    avr_t *avr;
    int result;
    if (count != 3)
        return 2;
    avr = start(argument[1]);
    result = strcmp(argument[2], "status") == 0 ? status(avr) : three_tasks(avr);
    fputs(said, stdout);
    return result;
}
