// cp.async: queued per thread and performed at wait_group, as late as is legal, so that a missing wait shows.
#pragma once

namespace emulated {

struct CopyQueue {
    static constexpr int MAX_COPIES = 64, MAX_GROUPS = 32;
    struct Copy {
        void* destination;
        const void* source;
        unsigned bytes, source_bytes;
    };
    Copy copy[MAX_COPIES];
    int group_end[MAX_GROUPS];  // number of copies in this and all earlier groups
    int copies, groups;
};

}  // namespace emulated
