// What AddressSanitizer must be told about fibers and device memory. Empty in other builds.
#pragma once
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace emulated::sanitizer {

struct Stack {
    const void* bottom = nullptr;
    size_t size = 0;
};

#if defined(__SANITIZE_ADDRESS__)

inline Stack own_stack() {
    pthread_attr_t attributes;
    void* bottom = nullptr;
    size_t size = 0;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &bottom, &size);
    pthread_attr_destroy(&attributes);
    return {bottom, size};
}
inline void* before_switch(const void* bottom, size_t size) {
    void* fake = nullptr;
    __sanitizer_start_switch_fiber(&fake, bottom, size);
    return fake;
}
inline void after_switch(void* fake) { __sanitizer_finish_switch_fiber(fake, nullptr, nullptr); }
// Frames abandoned on a stack left their red zones behind.
inline void forget_stack(void* bottom, size_t size) { __asan_unpoison_memory_region(bottom, size); }
inline void forbid(void* from, size_t size) { __asan_poison_memory_region(from, size); }
inline void allow(void* from, size_t size) { __asan_unpoison_memory_region(from, size); }

#else

inline Stack own_stack() { return {}; }
inline void* before_switch(const void*, size_t) { return nullptr; }
inline void after_switch(void*) {}
inline void forget_stack(void*, size_t) {}
inline void forbid(void*, size_t) {}
inline void allow(void*, size_t) {}

#endif

}  // namespace emulated::sanitizer
