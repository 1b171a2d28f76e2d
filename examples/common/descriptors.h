/* SPDX-License-Identifier: MIT */
/*
 * descriptors.h: how many files and sockets may this process have open?
 *
 * A server that gives its last descriptor to a connection has none for the file that is asked
 * for; a crawler with more workers than descriptors only makes errors. So both ask first.
 */
#ifndef EXAMPLES_DESCRIPTORS_H
#define EXAMPLES_DESCRIPTORS_H

#include <stddef.h>

/*
 * How many of `wanted` things, each of which takes `each` descriptors, can be there at a time: at
 * least 1. Raises the limit as far as the system lets us, when that is needed.
 */
size_t descriptors_allow(size_t wanted, size_t each);

#endif
