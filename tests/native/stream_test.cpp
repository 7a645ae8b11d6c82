// Streams, events, deferred execution, capture and replay.
#include "cases.h"
#include "driver.h"

namespace {

struct Loaded : TestDevice {
    Loaded() { load(faulty_kernels); }
};

CUstream new_stream(unsigned flags = CU_STREAM_NON_BLOCKING) {
    CUstream stream = nullptr;
    OK(cuStreamCreate(&stream, flags));
    return stream;
}
CUevent new_event() {
    CUevent event = nullptr;
    OK(cuEventCreate(&event, 0));
    return event;
}

unsigned bits(float v) {
    unsigned u;
    memcpy(&u, &v, sizeof u);
    return u;
}

constexpr size_t N = 64;

// p: 1 -> 2 in stream a; what stream b then copies depends on whether it waits.
float copy_in_second_stream(bool with_wait) {
    Loaded device;
    DeviceArray<float> p(N, 1.f), q(N, 0.f);
    const CUstream a = new_stream(), b = new_stream();
    const CUevent done = new_event();
    OK(device.launch("scale", {1, 64, 0, a}, p.pointer(), 2.f, int(N)));
    OK(cuEventRecord(done, a));
    if (with_wait) OK(cuStreamWaitEvent(b, done, 0));
    OK(cuMemcpyDtoDAsync_v2(q.pointer(), p.pointer(), p.bytes(), b));
    OK(cuStreamSynchronize(b));
    return q.read()[0];
}

}  // namespace

TEST(work_runs_in_order) {
    Loaded device;
    const CUstream s = new_stream();
    DeviceArray<float> p(N);
    const CUevent start = new_event(), end = new_event();
    OK(cuEventRecord(start, s));
    OK(cuMemsetD32Async(p.pointer(), bits(3.f), N, s));
    OK(device.launch("scale", {1, 64, 0, s}, p.pointer(), 2.f, int(N)));
    OK(cuEventRecord(end, s));
    OK(cuEventSynchronize(end));
    EXPECT(p.read()[N - 1] == 6.f);
    float milliseconds = -1.f;
    OK(cuEventElapsedTime(&milliseconds, start, end));
    EXPECT(milliseconds >= 0.f && milliseconds < 1000.f);
}

TEST(deferred_work_waits_for_a_synchronisation, "SEPARABLE_EMULATOR_DEFERRED=1") {
    Loaded device;
    const CUstream s = new_stream();
    DeviceArray<float> p(N, 1.f);
    void* pinned = nullptr;
    OK(cuMemAllocHost_v2(&pinned, N * sizeof(float)));
    auto* const host = static_cast<volatile float*>(pinned);
    host[0] = -1.f;
    OK(device.launch("scale", {1, 64, 0, s}, p.pointer(), 2.f, int(N)));
    OK(cuMemcpyDtoHAsync_v2(pinned, p.pointer(), p.bytes(), s));
    EXPECT(host[0] == -1.f);
    EXPECT_CODE(cuStreamQuery(s), CUDA_ERROR_NOT_READY);
    int polls = 0;
    while (cuStreamQuery(s) == CUDA_ERROR_NOT_READY) ++polls;
    EXPECT(polls < 10 && host[0] == 2.f);
}

TEST(deferred_copy_takes_pageable_memory_at_the_call, "SEPARABLE_EMULATOR_DEFERRED=1") {
    TestDevice device;
    const CUstream s = new_stream();
    DeviceArray<float> p(N, 0.f);
    std::vector<float> host(N, 4.f);
    OK(cuMemcpyHtoDAsync_v2(p.pointer(), host.data(), p.bytes(), s));
    host.assign(N, 9.f);
    OK(cuStreamSynchronize(s));
    EXPECT(p.read()[0] == 4.f);
}

TEST(missing_wait_shows_when_deferred, "SEPARABLE_EMULATOR_DEFERRED=1") { EXPECT(copy_in_second_stream(false) == 1.f); }
TEST(event_wait_is_respected_when_deferred, "SEPARABLE_EMULATOR_DEFERRED=1") { EXPECT(copy_in_second_stream(true) == 2.f); }
TEST(event_wait_is_respected) { EXPECT(copy_in_second_stream(true) == 2.f); }

TEST(default_stream_orders_blocking_streams, "SEPARABLE_EMULATOR_DEFERRED=1") {
    Loaded device;
    const CUstream blocking = new_stream(0), free = new_stream();
    DeviceArray<float> p(N, 1.f), q(N, 1.f);
    OK(device.launch("scale", {1, 64, 0, blocking}, p.pointer(), 2.f, int(N)));
    OK(device.launch("scale", {1, 64, 0, free}, q.pointer(), 2.f, int(N)));
    EXPECT(p.read()[0] == 2.f);
    EXPECT(q.read()[0] == 1.f);
    OK(cuStreamSynchronize(free));
    EXPECT(q.read()[0] == 2.f);
}

TEST(deferred_fault_appears_at_the_synchronisation, "SEPARABLE_EMULATOR_DEFERRED=1") {
    Loaded device;
    const CUstream s = new_stream();
    OK(device.launch("write_to", {1, 32, 0, s}, CUdeviceptr(0)));
    EXPECT_CODE(cuStreamSynchronize(s), CUDA_ERROR_ILLEGAL_ADDRESS);
}

namespace {

// The nodes of the graph below by kind, in an array with room for one more.
void expect_kinds(CUgraph graph, size_t nodes) {
    std::vector<CUgraphNode> list(nodes + 1, reinterpret_cast<CUgraphNode>(1));
    size_t count = list.size();
    OK(cuGraphGetNodes(graph, list.data(), &count));
    EXPECT(count == nodes && list[nodes] == nullptr);
    size_t kinds[8] = {};
    for (size_t i = 0; i < count; ++i) {
        CUgraphNodeType kind = CU_NODE_EMPTY;
        OK(cuGraphNodeGetType(list[i], &kind));
        ++kinds[kind];
    }
    EXPECT(kinds[CU_NODE_KERNEL] == 1 && kinds[CU_NODE_MEMSET] == 2 && kinds[CU_NODE_MEMCPY] == 1);
    CUgraphNodeType kind = CU_NODE_EMPTY;
    EXPECT_CODE(cuGraphNodeGetType(nullptr, &kind), CUDA_ERROR_INVALID_VALUE);
    count = 2;  // fewer than there are
    OK(cuGraphGetNodes(graph, list.data(), &count));
    EXPECT(count == 2);
}

// Two branches: p = 3 * 2 in one stream, q = 5 in another, joined; then p copied to r.
CUgraphExec two_branches(const Loaded& device, CUdeviceptr p, CUdeviceptr q, CUdeviceptr r, size_t expected_nodes) {
    const CUstream s = new_stream(), side = new_stream();
    const CUevent fork = new_event(), join = new_event();
    OK(cuStreamBeginCapture_v2(s, CU_CAPTURE_GLOBAL));
    OK(cuEventRecord(fork, s));
    OK(cuStreamWaitEvent(side, fork, 0));
    OK(cuMemsetD32Async(p, bits(3.f), N, s));
    OK(device.launch("scale", {1, 64, 0, s}, p, 2.f, int(N)));
    OK(cuMemsetD32Async(q, bits(5.f), N, side));
    OK(cuEventRecord(join, side));
    OK(cuStreamWaitEvent(s, join, 0));
    OK(cuMemcpyDtoDAsync_v2(r, p, N * sizeof(float), s));
    EXPECT_CODE(cuEventQuery(join), CUDA_ERROR_CAPTURED_EVENT);
    CUgraph graph = nullptr;
    OK(cuStreamEndCapture(s, &graph));
    size_t nodes = 0;
    OK(cuGraphGetNodes(graph, nullptr, &nodes));
    EXPECT(nodes == expected_nodes);
    expect_kinds(graph, nodes);
    CUgraphExec exec = nullptr;
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphDestroy(graph));
    return exec;
}

void expect_replay_right() {
    Loaded device;
    DeviceArray<float> p(N, 0.f), q(N, 0.f), r(N, 0.f);
    const CUgraphExec exec = two_branches(device, p.pointer(), q.pointer(), r.pointer(), 4);
    EXPECT(p.read()[0] == 0.f);  // captured, not run
    const CUstream s = new_stream();
    for (int repeat = 0; repeat < 5; ++repeat) {
        OK(cuMemsetD32Async(r.pointer(), 0, N, s));
        OK(cuGraphLaunch(exec, s));
        OK(cuStreamSynchronize(s));
        EXPECT(p.read()[0] == 6.f && q.read()[N - 1] == 5.f && r.read()[7] == 6.f);
    }
    OK(cuGraphExecDestroy(exec));
}

}  // namespace

TEST(graph_replays) { expect_replay_right(); }
TEST(graph_replays_reversed, "SEPARABLE_EMULATOR_ORDER=reversed") { expect_replay_right(); }
TEST(graph_replays_random, "SEPARABLE_EMULATOR_ORDER=random:2") { expect_replay_right(); }
TEST(graph_replays_deferred, "SEPARABLE_EMULATOR_DEFERRED=1") { expect_replay_right(); }

TEST(capture_forbids_what_a_gpu_forbids) {
    Loaded device;
    const CUstream s = new_stream(), side = new_stream();
    CUgraph graph = nullptr;
    CUdeviceptr p = 0;
    OK(cuStreamBeginCapture_v2(s, CU_CAPTURE_GLOBAL));
    EXPECT_CODE(cuMemAlloc_v2(&p, 16), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    EXPECT_CODE(cuStreamEndCapture(s, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);

    OK(cuStreamBeginCapture_v2(s, CU_CAPTURE_GLOBAL));
    EXPECT_CODE(cuStreamSynchronize(s), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    EXPECT_CODE(cuStreamEndCapture(s, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);

    const CUevent fork = new_event();
    OK(cuStreamBeginCapture_v2(s, CU_CAPTURE_RELAXED));
    OK(cuEventRecord(fork, s));
    OK(cuStreamWaitEvent(side, fork, 0));
    OK(device.launch("nothing", {1, 32, 0, side}));
    EXPECT_CODE(cuStreamEndCapture(s, &graph), CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
    OK(device.launch("nothing", {1, 32, 0, side}));
    OK(cuStreamSynchronize(side));
}
