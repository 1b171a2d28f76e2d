/* SPDX-License-Identifier: MIT */
/* assert.h - criterion.h has all of it. */
