/* SPDX-License-Identifier: MIT */
/*
 * driver.c - a fuzz target without a fuzzer: runs the inputs that it is given, one after another.
 *
 *     fuzz_model FILE|FOLDER...
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_MAX), *exact;
    size_t size;
    if (file == NULL || data == NULL) {
        perror(path);
        return 1;
    }
    size = fread(data, 1, INPUT_MAX, file);
    fclose(file);
    /* A block of just that size: a sanitizer sees who reads behind it. */
    exact = realloc(data, size > 0 ? size : 1);
    printf("%s: %zu bytes\n", path, size);
    fflush(stdout);
    (void)LLVMFuzzerTestOneInput(exact != NULL ? exact : data, size);
    free(exact != NULL ? exact : data);
    return 0;
}

/* All files of a folder; -1: it is none. */
static int run_folder(const char *path)
{
    DIR *folder = opendir(path);
    char name[512];
    int status = 0;
    if (folder == NULL)
        return -1;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        status |= run(name);
    }
    closedir(folder);
    return status;
}

int main(int argc, char **argv)
{
    int status = argc < 2;
    if (argc < 2)
        fputs("usage: fuzz_model FILE|FOLDER...\n", stderr);
    for (int i = 1; i < argc; i++) {
        int folder = run_folder(argv[i]);
        status |= folder < 0 ? run(argv[i]) : folder;
    }
    return status;
}
