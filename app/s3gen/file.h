/* SPDX-License-Identifier: BSD-3-Clause */
/* The operator's file. */
#ifndef S3GEN_FILE_H
#define S3GEN_FILE_H

#include "conf/conf_table.h"
#include "s3gen.h"

/* Read and check path: the configuration, for file_free(); or NULL and at least one error. */
struct gen_conf *file_load(const char *path, struct conf_errors *errs);
/* The same of n bytes of text, called `name` in errors. */
struct gen_conf *file_parse(const char *name, const char *text, size_t n, struct conf_errors *errs);
void file_free(struct gen_conf *c);

const char *file_op_name(enum gen_op op); /* as in the file */

/* file_value.c: parsers of values for the tables of file.c. */
int file_value_core(struct conf_value *v);
int file_value_time(struct conf_value *v);       /* struct gen_time */
int file_value_rate(struct conf_value *v);       /* operations a second in 1/1000 */
int file_value_chance(struct conf_value *v);     /* "0.1%" */
int file_value_target(struct conf_value *v);     /* one item of clients.target */
int file_value_listen(struct conf_value *v);     /* one item of origins.listen */
int file_value_operation(struct conf_value *v);  /* one item of workload.operations */
int file_value_size(struct conf_value *v);       /* one item of workload.sizes */
int file_value_popularity(struct conf_value *v); /* a word and perhaps a number */
int file_value_key(struct conf_value *v);        /* what goes into a request line unescaped */
int file_value_capacity(struct conf_value *v);   /* "32 100ms" */
int file_value_stall(struct conf_value *v);      /* "1% 5s" */
int file_value_drip(struct conf_value *v);       /* "1% 64K" */

#endif
