/* SPDX-License-Identifier: MIT */
/*
 * credentials.c - certificates and keys, from PEM files into a context.
 *
 * Each file is opened here first: whether it is there, and may be read, the
 * system says better than OpenSSL does. What is in it OpenSSL judges.
 */
#define _GNU_SOURCE
#include "internal.h"

#if CORO_WITH_TLS

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int check_readable(const char *path, const coro_tls_context_options *options)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), error = fd < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    else
        coro_tls_say(options->reason, options->reason_size, "%s: %s", path, strerror(-error));
    return error;
}

static int refuse(const coro_tls_context_options *options, const char *path, const char *what)
{
    coro_tls_say(options->reason, options->reason_size, "%s: %s: %s", path, what,
                 coro_tls_openssl_text());
    return CORO_EINVAL;
}

/* --- whom to believe ------------------------------------------------------------------------ */

int coro_tls_load_trust(coro_tls_context *context, const coro_tls_context_options *options)
{
    const char *file = options->ca_file, *path = options->ca_path;
    int error = file != NULL ? check_readable(file, options) : 0;
    if (error == 0 && path != NULL)
        error = check_readable(path, options);
    if (error != 0)
        return error;
    if (file != NULL && SSL_CTX_load_verify_file(context->ssl, file) != 1)
        return refuse(options, file, "no certificates of authorities");
    if (path != NULL && SSL_CTX_load_verify_dir(context->ssl, path) != 1)
        return refuse(options, path, "no folder of certificates");
    if (file == NULL && path == NULL && context->verify_mode != SSL_VERIFY_NONE)
        SSL_CTX_set_default_verify_paths(context->ssl); /* none there: nobody is believed */
    if (context->is_server && file != NULL && context->verify_mode != SSL_VERIFY_NONE)
        SSL_CTX_set_client_CA_list(context->ssl, SSL_load_client_CA_file(file));
    return 0;
}

/* --- who we are ----------------------------------------------------------------------------- */

/* OpenSSL would ask at the terminal, if it had no function of ours. */
static int ask(char *buffer, int size, int is_writing, void *argument)
{
    coro_tls_context *context = argument;
    int length;
    (void)is_writing;
    context->was_asked = true;
    if (context->password == NULL)
        return -1;
    length = context->password(context->password_context, buffer, (size_t)size);
    return length <= size ? length : -1;
}

static int load_key(coro_tls_context *context, const char *file,
                    const coro_tls_context_options *options)
{
    int error = check_readable(file, options);
    bool is_loaded;
    if (error != 0)
        return error;
    is_loaded = SSL_CTX_use_PrivateKey_file(context->ssl, file, SSL_FILETYPE_PEM) == 1;
    if (is_loaded && SSL_CTX_check_private_key(context->ssl) == 1)
        return 0;
    if (is_loaded)
        return refuse(options, file, "the key is not the certificate's");
    error = refuse(options, file, context->was_asked ? "no key without its password" : "no key");
    return context->was_asked ? CORO_EACCES : error;
}

int coro_tls_load_identity(coro_tls_context *context, const coro_tls_context_options *options)
{
    const char *file = options->certificate_file;
    const char *key = options->key_file != NULL ? options->key_file : file;
    int error;
    if (file == NULL && key == NULL && (!context->is_server || options->choose != NULL))
        return 0;
    if (file == NULL) {
        coro_tls_say(options->reason, options->reason_size,
                     context->is_server ? "a server needs a certificate_file, or a choose"
                                        : "there is a key_file, but no certificate_file");
        return CORO_EINVAL;
    }
    error = check_readable(file, options);
    if (error != 0)
        return error;
    context->password = options->password;
    context->password_context = options->password_context;
    SSL_CTX_set_default_passwd_cb(context->ssl, ask);
    SSL_CTX_set_default_passwd_cb_userdata(context->ssl, context);
    if (SSL_CTX_use_certificate_chain_file(context->ssl, file) != 1)
        return refuse(options, file, "no certificate");
    return load_key(context, key, options);
}

#endif
