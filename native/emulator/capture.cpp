// Stream capture: from calls on streams to a graph.
#include <pthread.h>

#include <algorithm>

#include "driver.h"
#include "graph.h"
#include "thread_state.h"

namespace emulated {
namespace {

void add_missing(std::vector<CUgraphNode>& to, const std::vector<CUgraphNode>& from) {
    for (CUgraphNode node : from)
        if (std::find(to.begin(), to.end(), node) == to.end()) to.push_back(node);
}

std::set<CUgraphNode> ancestors_of(const std::vector<CUgraphNode>& nodes) {
    std::set<CUgraphNode> all;
    std::vector<CUgraphNode> open = nodes;
    while (!open.empty()) {
        const CUgraphNode node = open.back();
        open.pop_back();
        if (!all.insert(node).second) continue;
        open.insert(open.end(), node->dependencies.begin(), node->dependencies.end());
    }
    return all;
}

// Every stream that joined must have been waited for by the one that began the capture.
bool joined(const Capture& capture) {
    const std::set<CUgraphNode> reached = ancestors_of(capture.origin->frontier);
    for (CUstream stream : Streams::get().live_streams())
        if (stream->capture.get() == &capture)
            for (CUgraphNode node : stream->frontier)
                if (reached.count(node) == 0) return false;
    return true;
}

void leave(const std::shared_ptr<Capture>& capture) {
    for (CUstream stream : Streams::get().live_streams()) {
        if (stream->capture != capture) continue;
        stream->capture = nullptr;
        stream->frontier.clear();
    }
}

}  // namespace

CUresult begin_capture(CUstream stream, CUstreamCaptureMode mode) {
    if (stream == Streams::get().find(nullptr)) return error(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the default stream cannot capture");
    if (stream->capture != nullptr) return error(CUDA_ERROR_ILLEGAL_STATE, "the stream is capturing already");
    stream->capture = std::make_shared<Capture>(Capture{Graphs::get().create(), stream, mode, pthread_self()});
    stream->frontier.clear();
    return CUDA_SUCCESS;
}

CUresult end_capture(CUstream stream, CUgraph* graph) {
    *graph = nullptr;
    const std::shared_ptr<Capture> capture = stream->capture;
    if (capture == nullptr) return error(CUDA_ERROR_ILLEGAL_STATE, "the stream is not capturing");
    if (capture->origin != stream) {
        capture->invalidated = true;
        return error(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "the capture began in another stream");
    }
    if (capture->mode != CU_CAPTURE_RELAXED && capture->thread != pthread_self())
        return error(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "the capture began on another thread");
    const bool complete = joined(*capture);
    leave(capture);
    if (complete && !capture->invalidated) {
        *graph = capture->graph;
        return CUDA_SUCCESS;
    }
    Graphs::get().destroy(capture->graph);
    if (capture->invalidated) return error(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "an earlier call broke the capture");
    return error(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, "a stream that joined the capture was never waited for");
}

CUresult capture_work(CUstream stream, CUgraphNodeType type, Work work) {
    if (stream->capture->invalidated) return error(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "an earlier call broke the capture");
    stream->frontier = {add_node(stream->capture->graph, type, std::move(work), stream->frontier)};
    return CUDA_SUCCESS;
}

CUresult join_capture(CUstream stream, CUevent event) {
    if (stream == Streams::get().find(nullptr)) {
        event->capture->invalidated = true;
        return error(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "the default stream cannot join a capture");
    }
    if (stream->capture == nullptr) stream->capture = event->capture;
    if (stream->capture != event->capture) {
        stream->capture->invalidated = event->capture->invalidated = true;
        return error(CUDA_ERROR_STREAM_CAPTURE_MERGE, "the stream and the event belong to different captures");
    }
    add_missing(stream->frontier, event->frontier);
    return CUDA_SUCCESS;
}

void invalidate_capture(CUstream stream) { stream->capture->invalidated = true; }

CUresult forbidden_in_capture(const char* function) {
    if (thread_state().capture_mode == CU_CAPTURE_RELAXED) return CUDA_SUCCESS;
    for (CUstream stream : Streams::get().live_streams()) {
        if (stream->capture == nullptr || stream->capture->mode == CU_CAPTURE_RELAXED) continue;
        const bool mine = stream->capture->thread == pthread_self();
        if (!mine && (stream->capture->mode == CU_CAPTURE_THREAD_LOCAL || thread_state().capture_mode == CU_CAPTURE_THREAD_LOCAL)) continue;
        invalidate_capture(stream);
        return error(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "%s while a stream captures", function);
    }
    return CUDA_SUCCESS;
}

}  // namespace emulated
