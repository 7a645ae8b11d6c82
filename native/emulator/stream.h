// Streams and events: in what order asynchronous work runs, and when.
//
// Ordinarily work runs at once, on the thread that submits it. In deferred mode it waits in its stream until something
// that is entitled to its results synchronises, and then only what those results depend on runs.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "driver.h"
#include "switches.h"

namespace emulated {

// One recording of an event: what a later wait refers to, even when the event is recorded again.
struct Recording {
    CUstream stream;
    bool done = false;
    int64_t nanoseconds = 0;  // of the device's clock, once done
};

using Work = std::function<CUresult()>;

struct Pending {
    uint64_t number;  // over all streams, in the order of submission
    Work work;
    std::shared_ptr<Recording> recording;  // completed by this item, if any
    std::shared_ptr<Recording> awaited;    // this item waits for, if any
};

struct Capture;

}  // namespace emulated

struct CUstream_st {
    unsigned flags = 0;
    int priority = 0;
    uint64_t id = 0;
    CUcontext context = nullptr;  // it was made in; null for the default stream, which every context has
    std::deque<emulated::Pending> queue;
    std::shared_ptr<emulated::Capture> capture;  // while capturing
    std::vector<CUgraphNode> frontier;           // what the next captured node depends on
    bool polled = false;                         // asked for its state since it last made progress

    bool blocking() const { return !(flags & CU_STREAM_NON_BLOCKING); }
};

struct CUevent_st {
    unsigned flags = 0;
    uint64_t id = 0;
    CUcontext context = nullptr;  // it was made in
    std::shared_ptr<emulated::Recording> recording;  // the latest; null before the first
    std::shared_ptr<emulated::Capture> capture;      // set when last recorded in a capturing stream
    std::vector<CUgraphNode> frontier;
};

namespace emulated {

class Streams {
public:
    static Streams& get();

    CUstream create(unsigned flags, int priority);
    CUresult destroy(CUstream stream);
    CUevent create_event(unsigned flags);
    CUresult destroy_event(CUevent event);

    // The stream behind a handle (null and the two fixed handles mean the default stream); null for an unknown one.
    CUstream find(CUstream handle);
    bool exists(CUevent event) const;
    const std::vector<CUstream>& live_streams() const { return streams_; }
    const std::vector<CUevent>& live_events() const { return events_; }

    // Work is run now, queued, or captured as a node of this type; after a fault that nobody has noticed it comes to nothing.
    template <class F> CUresult submit(CUstream stream, CUgraphNodeType type, F work) {
        if (stream->capture != nullptr) return capture_node(stream, type, work);
        if (Driver::get().fault_unnoticed()) return CUDA_SUCCESS;
        if (!switches().deferred) return work();
        enqueue(stream, {0, work, nullptr, nullptr});
        return CUDA_SUCCESS;
    }
    CUresult record(CUevent event, CUstream stream);
    CUresult wait(CUstream stream, CUevent event);

    // Run what is queued: in one stream, everywhere, or as far as one recording needs.
    CUresult synchronize(CUstream stream);
    CUresult synchronize_all();
    CUresult synchronize(const std::shared_ptr<Recording>& recording);

    // A poll answers NOT_READY once before the device makes one step: polling loops end, but not at the first look.
    CUresult query(CUstream stream);
    CUresult query(CUevent event);

    // Before a call that works on memory at once: the default stream's order, and no capture may be disturbed.
    CUresult synchronous_operation(const char* function);

    // With a context go its streams, their work, and its events.
    void destroy_all(CUcontext context);

private:
    CUresult capture_node(CUstream stream, CUgraphNodeType type, Work work);
    void enqueue(CUstream stream, Pending item);
    CUresult drain(CUstream stream);
    CUresult run_first(CUstream stream);
    CUresult run_before(CUstream stream, uint64_t number);
    CUresult run_implicit_dependencies(CUstream stream, uint64_t number);

    CUstream_st default_;
    std::vector<CUstream> streams_;
    std::vector<CUevent> events_;
    uint64_t submitted_ = 0, created_ = 0;
};

// Marks a recording as done now.
CUresult complete(const std::shared_ptr<Recording>& recording);

}  // namespace emulated
