/* SPDX-License-Identifier: BSD-3-Clause */
/* Control-path log lines: "level lib: text". The data path counts, it does not log. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

typedef void (*log_sink_t)(enum log_level level, const char *lib, const char *text);

/* Where lines go; NULL (the start) means nowhere. Called before any other thread exists. */
void log_set_sink(log_sink_t sink, enum log_level max);

/* One line, printf form. May be called from any control thread. */
void log_line(enum log_level level, const char *lib, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(lib, ...) log_line(LOG_LEVEL_ERROR, lib, __VA_ARGS__)
#define log_warn(lib, ...)  log_line(LOG_LEVEL_WARN, lib, __VA_ARGS__)
#define log_info(lib, ...)  log_line(LOG_LEVEL_INFO, lib, __VA_ARGS__)
#define log_debug(lib, ...) log_line(LOG_LEVEL_DEBUG, lib, __VA_ARGS__)

#endif
