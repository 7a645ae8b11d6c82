// Streams and events.
#include "driver.h"
#include "graph.h"
#include "stream.h"
#include "thread_state.h"

using namespace emulated;

namespace {

// A call on a stream handle.
template <class Body> CUresult on_stream(const char* function, CUstream handle, Body body) {
    return driver_call(function, Needs::CONTEXT, [&] {
        const CUstream stream = Streams::get().find(handle);
        return stream == nullptr ? error(CUDA_ERROR_INVALID_HANDLE, "%s: an unknown stream", function) : body(stream);
    });
}

template <class Body> CUresult on_event(const char* function, CUevent event, Body body) {
    return driver_call(function, Needs::CONTEXT, [&] {
        return Streams::get().exists(event) ? body() : error(CUDA_ERROR_INVALID_HANDLE, "%s: an unknown event", function);
    });
}

CUresult not_capturing(CUstream stream, const char* function) {
    if (stream->capture == nullptr) return CUDA_SUCCESS;
    invalidate_capture(stream);
    return error(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "%s on a capturing stream", function);
}

CUresult not_captured(CUevent event, const char* function) {
    if (event->capture == nullptr) return CUDA_SUCCESS;
    return error(CUDA_ERROR_CAPTURED_EVENT, "%s on an event recorded in a capture", function);
}

enum : unsigned { RECORD_EXTERNAL = 1 };

CUresult record(CUevent event, CUstream stream, unsigned flags) {
    if (stream->capture == nullptr || flags != RECORD_EXTERNAL) return Streams::get().record(event, stream);
    return Streams::get().submit(stream, CU_NODE_EVENT_RECORD, [event, stream] {
        if (!Streams::get().exists(event)) return error(CUDA_ERROR_INVALID_HANDLE, "a graph records an event that is destroyed");
        event->capture = nullptr;
        event->recording = std::make_shared<Recording>(Recording{stream});
        return complete(event->recording);
    });
}

}  // namespace

CUDA_API cuStreamCreateWithPriority(CUstream* stream, unsigned flags, int priority) {
    return driver_call("cuStreamCreateWithPriority", Needs::CONTEXT, [&] {
        *stream = Streams::get().create(flags, priority);
        return CUDA_SUCCESS;
    });
}
CUDA_API cuStreamCreate(CUstream* stream, unsigned flags) {
    return driver_call("cuStreamCreate", Needs::CONTEXT, [&] {
        *stream = Streams::get().create(flags, 0);
        return CUDA_SUCCESS;
    });
}
CUDA_API cuStreamDestroy_v2(CUstream stream) {
    return driver_call("cuStreamDestroy_v2", Needs::CONTEXT, [&] { return Streams::get().destroy(stream); });
}
CUDA_API cuStreamSynchronize(CUstream handle) {
    return on_stream("cuStreamSynchronize", handle, [&](CUstream stream) {
        if (const CUresult refused = not_capturing(stream, "cuStreamSynchronize"); refused != CUDA_SUCCESS) return refused;
        return Streams::get().synchronize(stream);
    });
}
CUDA_API cuStreamQuery(CUstream handle) {
    return on_stream("cuStreamQuery", handle, [&](CUstream stream) {
        if (const CUresult refused = not_capturing(stream, "cuStreamQuery"); refused != CUDA_SUCCESS) return refused;
        return Streams::get().query(stream);
    });
}
CUDA_API cuStreamGetPriority(CUstream handle, int* priority) {
    return on_stream("cuStreamGetPriority", handle, [&](CUstream stream) {
        *priority = stream->priority;
        return CUDA_SUCCESS;
    });
}
CUDA_API cuStreamGetFlags(CUstream handle, unsigned* flags) {
    return on_stream("cuStreamGetFlags", handle, [&](CUstream stream) {
        *flags = stream->flags;
        return CUDA_SUCCESS;
    });
}
CUDA_API cuStreamGetId(CUstream handle, unsigned long long* id) {
    return on_stream("cuStreamGetId", handle, [&](CUstream stream) {
        *id = stream->id;
        return CUDA_SUCCESS;
    });
}
CUDA_API cuStreamGetCtx(CUstream handle, CUcontext* context) {
    return on_stream("cuStreamGetCtx", handle, [&](CUstream stream) {
        *context = stream->context == nullptr ? current_context() : stream->context;
        return CUDA_SUCCESS;
    });
}
CUDA_API cuStreamWaitEvent(CUstream handle, CUevent event, unsigned) {
    return on_stream("cuStreamWaitEvent", handle, [&](CUstream stream) {
        if (!Streams::get().exists(event)) return error(CUDA_ERROR_INVALID_HANDLE, "cuStreamWaitEvent: an unknown event");
        return Streams::get().wait(stream, event);
    });
}
CUDA_API cuLaunchHostFunc(CUstream handle, void (*function)(void*), void* data) {
    return on_stream("cuLaunchHostFunc", handle, [&](CUstream stream) {
        return Streams::get().submit(stream, CU_NODE_HOST, [=] {
            function(data);
            return CUDA_SUCCESS;
        });
    });
}

// ---- capture

CUDA_API cuStreamBeginCapture_v2(CUstream handle, CUstreamCaptureMode mode) {
    return on_stream("cuStreamBeginCapture_v2", handle, [&](CUstream stream) { return begin_capture(stream, mode); });
}
CUDA_API cuStreamEndCapture(CUstream handle, CUgraph* graph) {
    return on_stream("cuStreamEndCapture", handle, [&](CUstream stream) { return end_capture(stream, graph); });
}
CUDA_API cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus* status) {
    return on_stream("cuStreamIsCapturing", handle, [&](CUstream stream) {
        *status = stream->capture == nullptr ? CU_CAPTURE_NONE : stream->capture->invalidated ? CU_CAPTURE_INVALIDATED : CU_CAPTURE_ACTIVE;
        return CUDA_SUCCESS;
    });
}
CUDA_API cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode* mode) {
    return driver_call("cuThreadExchangeStreamCaptureMode", Needs::INITIALISED, [&] {
        std::swap(*mode, thread_state().capture_mode);
        return CUDA_SUCCESS;
    });
}

// ---- events

CUDA_API cuEventCreate(CUevent* event, unsigned flags) {
    return driver_call("cuEventCreate", Needs::CONTEXT, [&] {
        *event = Streams::get().create_event(flags);
        return CUDA_SUCCESS;
    });
}
CUDA_API cuEventDestroy_v2(CUevent event) {
    return driver_call("cuEventDestroy_v2", Needs::CONTEXT, [&] { return Streams::get().destroy_event(event); });
}
CUDA_API cuEventRecordWithFlags(CUevent event, CUstream handle, unsigned flags) {
    return on_event("cuEventRecordWithFlags", event, [&] {
        const CUstream stream = Streams::get().find(handle);
        return stream == nullptr ? error(CUDA_ERROR_INVALID_HANDLE, "cuEventRecordWithFlags: an unknown stream") : record(event, stream, flags);
    });
}
CUDA_API cuEventRecord(CUevent event, CUstream handle) {
    return on_event("cuEventRecord", event, [&] {
        const CUstream stream = Streams::get().find(handle);
        return stream == nullptr ? error(CUDA_ERROR_INVALID_HANDLE, "cuEventRecord: an unknown stream") : record(event, stream, 0);
    });
}
CUDA_API cuEventQuery(CUevent event) {
    return on_event("cuEventQuery", event, [&] {
        if (const CUresult refused = not_captured(event, "cuEventQuery"); refused != CUDA_SUCCESS) return refused;
        return Streams::get().query(event);
    });
}
CUDA_API cuEventSynchronize(CUevent event) {
    return on_event("cuEventSynchronize", event, [&] {
        if (const CUresult refused = not_captured(event, "cuEventSynchronize"); refused != CUDA_SUCCESS) return refused;
        return event->recording == nullptr ? CUDA_SUCCESS : Streams::get().synchronize(event->recording);
    });
}
CUDA_API cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
    return on_event("cuEventElapsedTime", start, [&] {
        if (!Streams::get().exists(end)) return error(CUDA_ERROR_INVALID_HANDLE, "cuEventElapsedTime: an unknown event");
        if ((start->flags | end->flags) & CU_EVENT_DISABLE_TIMING) return error(CUDA_ERROR_INVALID_HANDLE, "an event without timing");
        if (start->recording == nullptr || end->recording == nullptr) return error(CUDA_ERROR_INVALID_HANDLE, "an event that was never recorded");
        if (!start->recording->done || !end->recording->done) return CUDA_ERROR_NOT_READY;
        *milliseconds = float(end->recording->nanoseconds - start->recording->nanoseconds) * 1e-6f;
        return CUDA_SUCCESS;
    });
}
