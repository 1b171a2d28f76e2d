/* SPDX-License-Identifier: MIT */
/*
 * path.h: from the target of a request to the name of a file below the root.
 *
 *     /doc/./a%20b/?v=2   ──►  "doc/a b/"        (relative, decoded, "" is the root)
 *     /../etc/passwd      ──►  400
 *
 * The result has no component ".", "..", or empty, and no zero byte; a slash at its end says that
 * a directory was asked for. What links do is beneath.h's business.
 */
#ifndef EXAMPLES_HTTPD_PATH_H
#define EXAMPLES_HTTPD_PATH_H

#include "../common/http.h"

enum { PATH_SIZE_MAX = HTTP_LINE_MAX + 1 };

/*
 * 0, or the status to answer with: 400 for a target that is no path, has a broken or a zero
 * escape, or climbs above the root; 404 for a name that no file can have.
 */
int path_from_target(http_text target, char path[PATH_SIZE_MAX]);

#endif
