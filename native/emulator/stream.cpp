#include "stream.h"

#include <algorithm>
#include <chrono>

#include "driver.h"
#include "graph.h"
#include "thread_state.h"

namespace emulated {
namespace {

template <class T> bool contains(const std::vector<T>& all, T one) { return std::find(all.begin(), all.end(), one) != all.end(); }

template <class T> bool erase(std::vector<T>& all, T one) {
    const auto at = std::find(all.begin(), all.end(), one);
    if (at == all.end()) return false;
    all.erase(at);
    return true;
}

template <class T> void destroy_in(CUcontext context, std::vector<T>& all) {
    std::vector<T> others;
    for (T one : all)
        if (context == ANY_CONTEXT || one->context == context) delete one;
        else others.push_back(one);
    all.swap(others);
}

}  // namespace

CUresult complete(const std::shared_ptr<Recording>& recording) {
    recording->done = true;
    recording->nanoseconds = std::chrono::steady_clock::now().time_since_epoch().count();
    return CUDA_SUCCESS;
}

Streams& Streams::get() {
    static Streams* const streams = new Streams;
    return *streams;
}

// ---- handles

CUstream Streams::create(unsigned flags, int priority) {
    auto* const stream = new CUstream_st;
    stream->flags = flags;
    stream->priority = priority;
    stream->id = ++created_;
    stream->context = current_context();
    streams_.push_back(stream);
    return stream;
}

// Queued work is still done, as on a GPU.
CUresult Streams::destroy(CUstream stream) {
    if (!contains(streams_, stream)) return error(CUDA_ERROR_INVALID_HANDLE, "cuStreamDestroy of an unknown stream");
    if (stream->capture != nullptr) return error(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "cuStreamDestroy of a capturing stream");
    const CUresult result = Driver::get().fault_unnoticed() ? CUDA_SUCCESS : drain(stream);
    erase(streams_, stream);
    delete stream;
    return result;
}

CUevent Streams::create_event(unsigned flags) {
    auto* const event = new CUevent_st;
    event->flags = flags;
    event->id = ++created_;
    event->context = current_context();
    events_.push_back(event);
    return event;
}

CUresult Streams::destroy_event(CUevent event) {
    if (!erase(events_, event)) return error(CUDA_ERROR_INVALID_HANDLE, "cuEventDestroy of an unknown event");
    delete event;
    return CUDA_SUCCESS;
}

CUstream Streams::find(CUstream handle) {
    if (handle == nullptr || handle == CU_STREAM_LEGACY || handle == CU_STREAM_PER_THREAD) return &default_;
    return contains(streams_, handle) ? handle : nullptr;
}

bool Streams::exists(CUevent event) const { return contains(events_, event); }

// ---- submission

CUresult Streams::capture_node(CUstream stream, CUgraphNodeType type, Work work) { return capture_work(stream, type, std::move(work)); }

void Streams::enqueue(CUstream stream, Pending item) {
    item.number = ++submitted_;
    stream->queue.push_back(std::move(item));
}

CUresult Streams::record(CUevent event, CUstream stream) {
    if (stream->capture != nullptr) {
        event->capture = stream->capture;
        event->frontier = stream->frontier;
        return CUDA_SUCCESS;
    }
    event->capture = nullptr;
    event->frontier.clear();
    event->recording = std::make_shared<Recording>(Recording{stream});
    if (!switches().deferred) return complete(event->recording);
    enqueue(stream, {0, nullptr, event->recording, nullptr});
    return CUDA_SUCCESS;
}

CUresult Streams::wait(CUstream stream, CUevent event) {
    if (event->capture != nullptr) return join_capture(stream, event);
    if (stream->capture != nullptr)
        return error(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "a capturing stream waits for an event that was recorded outside the capture");
    if (event->recording == nullptr || event->recording->done) return CUDA_SUCCESS;
    enqueue(stream, {0, nullptr, nullptr, event->recording});
    return CUDA_SUCCESS;
}

// ---- running what is queued

// The default stream and the blocking streams run in the order of submission among each other.
CUresult Streams::run_implicit_dependencies(CUstream stream, uint64_t number) {
    if (!stream->blocking()) return CUDA_SUCCESS;
    if (stream != &default_) return run_before(&default_, number);
    for (size_t i = 0; i < streams_.size(); ++i) {
        if (!streams_[i]->blocking()) continue;
        if (const CUresult failed = run_before(streams_[i], number); failed != CUDA_SUCCESS) return failed;
    }
    return CUDA_SUCCESS;
}

CUresult Streams::run_first(CUstream stream) {
    if (const CUresult failed = run_implicit_dependencies(stream, stream->queue.front().number); failed != CUDA_SUCCESS) return failed;
    const Pending item = std::move(stream->queue.front());
    stream->queue.pop_front();
    if (item.awaited != nullptr)
        if (const CUresult failed = synchronize(item.awaited); failed != CUDA_SUCCESS) return failed;
    if (item.recording != nullptr) return complete(item.recording);
    return item.work == nullptr ? CUDA_SUCCESS : item.work();
}

CUresult Streams::run_before(CUstream stream, uint64_t number) {
    while (!stream->queue.empty() && stream->queue.front().number < number)
        if (const CUresult failed = run_first(stream); failed != CUDA_SUCCESS) return failed;
    return CUDA_SUCCESS;
}

CUresult Streams::synchronize(CUstream stream) {
    if (const CUresult lost = Driver::get().notice(); lost != CUDA_SUCCESS) return lost;
    return drain(stream);
}

CUresult Streams::drain(CUstream stream) {
    if (const CUresult failed = run_before(stream, UINT64_MAX); failed != CUDA_SUCCESS) return failed;
    return run_implicit_dependencies(stream, stream == &default_ ? UINT64_MAX : 0);
}

CUresult Streams::synchronize_all() {
    if (const CUresult failed = synchronize(&default_); failed != CUDA_SUCCESS) return failed;
    for (size_t i = 0; i < streams_.size(); ++i)
        if (const CUresult failed = synchronize(streams_[i]); failed != CUDA_SUCCESS) return failed;
    return CUDA_SUCCESS;
}

CUresult Streams::synchronize(const std::shared_ptr<Recording>& recording) {
    if (const CUresult lost = Driver::get().notice(); lost != CUDA_SUCCESS) return lost;
    while (!recording->done) {
        if (recording->stream->queue.empty()) return CUDA_SUCCESS;  // dropped with a context that failed
        if (const CUresult failed = run_first(recording->stream); failed != CUDA_SUCCESS) return failed;
    }
    return CUDA_SUCCESS;
}

// ---- polls

CUresult Streams::query(CUstream stream) {
    if (const CUresult lost = Driver::get().notice(); lost != CUDA_SUCCESS) return lost;
    if (stream->queue.empty()) return CUDA_SUCCESS;
    if (stream->polled)
        if (const CUresult failed = run_first(stream); failed != CUDA_SUCCESS) return failed;
    stream->polled = !stream->queue.empty();
    return stream->queue.empty() ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

CUresult Streams::query(CUevent event) {
    if (const CUresult lost = Driver::get().notice(); lost != CUDA_SUCCESS) return lost;
    if (event->recording == nullptr || event->recording->done) return CUDA_SUCCESS;
    const CUresult result = query(event->recording->stream);
    if (result != CUDA_SUCCESS && result != CUDA_ERROR_NOT_READY) return result;
    return event->recording->done ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

// ---- synchronous calls

CUresult Streams::synchronous_operation(const char* function) {
    for (CUstream stream : streams_)
        if (stream->capture != nullptr && stream->blocking()) {
            invalidate_capture(stream);
            return error(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "%s works in the default stream while a blocking stream captures", function);
        }
    return synchronize(&default_);
}

void Streams::destroy_all(CUcontext context) {
    if (context == ANY_CONTEXT) default_.queue.clear();
    destroy_in(context, streams_);
    destroy_in(context, events_);
}

}  // namespace emulated
