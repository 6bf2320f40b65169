/* sanitized.h -- SANITIZED: 1 in a build with a sanitizer that has memory of its own, by gcc or by clang. */
#ifndef SANITIZED_H
#define SANITIZED_H

#ifndef __has_feature /* clang's way to say it */
#define __has_feature(what) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) || \
    __has_feature(thread_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#endif
